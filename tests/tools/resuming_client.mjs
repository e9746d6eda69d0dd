// Follows the log through every cut: node resuming_client.mjs URL CURSOR CLIENT...
// Each client is set up as docs/clients.md says, but that it waits for 10 ms before it tries again.
// Prints the client's name and the key of each event after the cursor, a line each, until the input
// ends.

import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client, fetchExchange, subscriptionExchange } from '@urql/core';
import { createClient as createSse } from 'graphql-sse';
import { createClient as createWs } from 'graphql-ws';

const [url, cursor, ...names] = process.argv.slice(2);
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
    const client = create();
    follow(cursor);

    async function follow(after) {
      const variables = { after: after ?? (await start()) };
      client.subscribe(
        { query, variables },
        {
          next({ data, errors }) {
            if (errors) return failed(errors);
            handle(data.events);
            variables.after = data.events.cursor;
          },
          error: failed,
          complete() {},
        },
      );
    }

    function failed(error) {
      if (!hasExpired(error)) return fail(error);
      follow();
    }
  };
}

/** The cursor of the newest event; undefined where there is none. */
async function start() {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ query: '{ events(last: 1) { nodes { cursor } } }' }),
  });
  return (await response.json()).data.events.nodes[0]?.cursor;
}

/** Whether the log hasn't all events after the cursor; takes a list of GraphQL errors, or another. */
function hasExpired(errors) {
  return [].concat(errors).some(({ extensions }) => extensions?.code === 'CURSOR_EXPIRED');
}

/** The client subscribes once, and gives an error and completes; whoever uses it subscribes again. */
function apollo(link) {
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  return (handle) => {
    follow(cursor);

    async function follow(after) {
      after ??= await start();
      client.subscribe({ query: log, variables: { after }, fetchPolicy: 'no-cache' }).subscribe({
        next({ data, error }) {
          if (error) {
            if (hasExpired(error.errors ?? error)) after = undefined;
            return;
          }
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
    follow(cursor);

    async function follow(after) {
      after ??= await start();
      let again;
      const { unsubscribe } = client.subscription(log, { after }).subscribe(({ data, error }) => {
        if (error) {
          if (hasExpired(error.graphQLErrors)) after = undefined;
          again ??= setTimeout(() => {
            unsubscribe();
            follow(after);
          }, PAUSE);
          return;
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
