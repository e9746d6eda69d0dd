// Follows the log through every cut: node resuming_client.mjs URL ws|sse CURSOR
// Prints the keys of the events after the cursor, a line each, until the input ends.

import { createClient as createSse } from 'graphql-sse';
import { createClient as createWs } from 'graphql-ws';

const [url, transport, after] = process.argv.slice(2);
const retries = { retryAttempts: Infinity, retryWait: () => new Promise((go) => setTimeout(go, 10)) };
const clients = {
  ws: () => createWs({ url: url.replace(/^http/, 'ws'), shouldRetry: () => true, ...retries }),
  sse: () => createSse({ url, retry: retries.retryWait, ...retries }),
};
const client = clients[transport]();

const variables = { after };
const query = `subscription Log($after: String) {
  events(after: $after) { cursor key }
}`;
client.subscribe(
  { query, variables },
  {
    next({ data, errors }) {
      if (errors) return console.log(JSON.stringify(errors));
      // Both clients send the variables anew, as they are then, when they connect again.
      variables.after = data.events.cursor;
      console.log(data.events.key);
    },
    error: (error) => console.log(String(error)),
    complete() {},
  },
);
process.stdin.resume().once('end', () => process.exit(0));
