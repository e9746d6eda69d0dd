// Follows a package with the npm client graphql-ws, set up as docs/clients.md says, but that it's
// quicker to connect again: node ws_returning_client.mjs URL PACKAGE_ID
// Prints each event, each connection and each end of one as a line of JSON.

import { createClient } from 'graphql-ws';
import { followed } from './following.mjs';

const [url, packageId] = process.argv.slice(2);
const print = (line) => console.log(JSON.stringify(line));
const client = createClient({
  url: url.replace(/^http/, 'ws'),
  keepAlive: 10_000,
  retryAttempts: Infinity,
  shouldRetry: () => true,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  on: {
    connected: () => print({ connected: true }),
    closed: ({ code }) => print({ closed: code }),
  },
});
await followed(client, packageId).catch(({ code }) => print({ gaveUp: code }));
