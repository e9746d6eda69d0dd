// Follows packages with clients that stream over HTTP: node streaming_clients.mjs URL CLIENT...
// Each follows the package of its own name. Prints what each is told, as lines of JSON, until the
// input ends.

import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { RetryLink } from '@apollo/client/link/retry';
import { SubscriptionProtocol, UrlLoader } from '@graphql-tools/url-loader';
import { EventSource } from 'eventsource';
import { parse, subscribe } from 'graphql';
import { createClient } from 'graphql-sse';

const [url, ...names] = process.argv.slice(2);
const query = `subscription Follow($packageId: ID!) {
  deliveryPackageChanged(packageId: $packageId) { kind packageId }
}`;

/** Each tells its listener what comes, and returns what stops it. */
const clients = {
  apollo: (variables, listener) => apollo(variables, listener, {}),
  apolloByGet: (variables, listener) => apollo(variables, listener, { useGETForQueries: true }),
  apolloRetrying: (variables, listener) => apollo(variables, listener, {}, new RetryLink()),
  graphqlSse: (variables, listener) => graphqlSse(variables, listener, 'POST'),
  graphqlSseByGet: (variables, listener) => graphqlSse(variables, listener, 'GET'),
  eventSource,
  urlLoader,
};

function apollo(variables, { next, error }, options, ...links) {
  const link = ApolloLink.from([...links, new HttpLink({ uri: url, ...options })]);
  const client = new ApolloClient({ cache: new InMemoryCache(), link });
  const subscription = client
    .subscribe({ query: gql(query), variables, fetchPolicy: 'no-cache' })
    .subscribe({ next: (result) => (result.error ? error(result.error) : next(result)), error });
  return () => subscription.unsubscribe();
}

function graphqlSse(variables, { next, error }, method) {
  const client = createClient({ url, method, retryAttempts: 0 });
  return client.subscribe({ query, variables }, { next, error, complete() {} });
}

function eventSource(variables, { next }) {
  const address = new URL(url);
  address.searchParams.set('query', query);
  address.searchParams.set('variables', JSON.stringify(variables));
  const source = new EventSource(address);
  source.addEventListener('next', ({ data }) => next(JSON.parse(data)));
  return () => source.close();
}

async function urlLoader(variables, { next }) {
  const options = { subscriptionsProtocol: SubscriptionProtocol.SSE };
  const [{ schema }] = await new UrlLoader().load(url, options);
  const events = await subscribe({ schema, document: parse(query), variableValues: variables });
  (async () => {
    for await (const result of events) next(result);
  })();
  return () => events.return();
}

const print = (line) => console.log(JSON.stringify(line));
const stops = await Promise.all(
  names.map((client) =>
    clients[client](
      { packageId: client },
      {
        next: ({ data, errors }) => print(data ? data.deliveryPackageChanged : { errors }),
        error: ({ message }) => print({ client, message }),
      },
    ),
  ),
);
process.stdin.resume().once('end', async () => {
  for (const stop of stops) await stop();
  process.exit(0);
});
