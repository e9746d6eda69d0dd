// Follows the log through every cut: node resuming_client.mjs URL CURSOR CLIENT...
// Each client is set up as docs/clients.md says, but that it waits for 10 ms before it tries again.
// Prints the client's name and the key of each event after the cursor, a line each, until the input
// ends.

import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient as createSse } from 'graphql-sse';
import { createClient as createWs } from 'graphql-ws';

const [url, start, ...names] = process.argv.slice(2);
const wsUrl = url.replace(/^http/, 'ws');
const PAUSE = 10;
const wait = () => new Promise((go) => setTimeout(go, PAUSE));
const query = `subscription Log($after: String) {
  events(after: $after) { cursor key }
}`;
const log = gql(query);

const clients = {
  graphqlWs: byItself(() =>
    createWs({ url: wsUrl, shouldRetry: () => true, retryAttempts: Infinity, retryWait: wait }),
  ),
  graphqlSse: byItself(() => createSse({ url, retryAttempts: Infinity, retry: wait })),
  apolloWs: apollo(new GraphQLWsLink(createWs({ url: wsUrl, retryAttempts: 0 }))),
  apolloHttp: apollo(new HttpLink({ uri: url })),
  urqlWs: urql({ exchanges: [subscriptionExchange({ forwardSubscription: byWebSocket() })] }),
  urqlHttp: urql({ exchanges: [fetchExchange], fetchSubscriptions: true }),
};

function byWebSocket() {
  const events = createWs({ url: wsUrl, retryAttempts: 0 });
  return ({ query = '', variables }) => ({
    subscribe: (sink) => ({ unsubscribe: events.subscribe({ query, variables }, sink) }),
  });
}

/** The client subscribes again, with the variables as they are then. */
function byItself(create) {
  return (handle, fail) => {
    const variables = { after: start };
    create().subscribe(
      { query, variables },
      {
        next({ data, errors }) {
          if (errors) return fail(errors);
          handle(data.events);
          variables.after = data.events.cursor;
        },
        error: fail,
        complete() {},
      },
    );
  };
}

/** The client subscribes once, and gives an error and completes; whoever uses it subscribes again. */
function apollo(link) {
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  return (handle) => {
    follow(start);

    function follow(after) {
      client.subscribe({ query: log, variables: { after }, fetchPolicy: 'no-cache' }).subscribe({
        next({ data, error }) {
          if (error) return;
          handle(data.events);
          after = data.events.cursor;
        },
        complete: () => setTimeout(() => follow(after), PAUSE),
      });
    }
  };
}

/** The client subscribes once, and gives an error; whoever uses it subscribes again. */
function urql(options) {
  const client = new Client({ url, ...options });
  return (handle) => {
    follow(start);

    function follow(after) {
      const { unsubscribe } = client.subscription(log, { after }).subscribe(({ data, error }) => {
        if (error) {
          unsubscribe();
          return setTimeout(() => follow(after), PAUSE);
        }
        handle(data.events);
        after = data.events.cursor;
      });
    }
  };
}

for (const name of names) {
  clients[name](
    ({ key }) => console.log(`${name} ${key}`),
    (error) => console.log(`${name} failed: ${JSON.stringify(error)} ${error}`),
  );
}
process.stdin.resume().once('end', () => process.exit(0));
