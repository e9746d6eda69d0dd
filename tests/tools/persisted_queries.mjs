// Asks by persisted queries: node persisted_queries.mjs URL CLIENT...
// Each CLIENT is apollo or urql, by POST or GET: apollo-post, for one.
// Prints, for each, the answers to a query, twice, and to a mutation, twice, and what was sent.

import { createHash } from 'node:crypto';
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, gql } from '@apollo/client';
import { PersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { Client, fetchExchange } from '@urql/core';
import { persistedExchange } from '@urql/exchange-persisted';

const [url, ...names] = process.argv.slice(2);

let sent = [];

/** Notes the method of a request, and what it has of a query. */
async function noted(address, { method, body, ...options }) {
  const parameters =
    method === 'GET' ? Object.fromEntries(new URL(address).searchParams) : JSON.parse(body);
  const hasHash = JSON.stringify(parameters).includes('sha256Hash');
  sent.push([method, parameters.query && 'query', hasHash && 'hash'].filter(Boolean).join(' '));
  return fetch(address, { method, body, ...options });
}

function apollo(way, { query, mutation, variables }) {
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.from([
      new PersistedQueryLink({
        sha256: (text) => createHash('sha256').update(text).digest('hex'),
        useGETForHashedQueries: way === 'get',
      }),
      new HttpLink({ uri: url, fetch: noted }),
    ]),
  });
  return {
    query: () => client.query({ query: gql(query), fetchPolicy: 'no-cache' }),
    mutate: () => client.mutate({ mutation: gql(mutation), variables, fetchPolicy: 'no-cache' }),
  };
}

function urql(way, { query, mutation, variables }) {
  const client = new Client({
    url,
    fetch: noted,
    preferGetMethod: false,
    exchanges: [
      persistedExchange({
        preferGetForPersistedQueries: way === 'get' ? 'force' : false,
        enableForMutation: true,
      }),
      fetchExchange,
    ],
  });
  const context = { requestPolicy: 'network-only' };
  return {
    query: () => client.query(query, {}, context).toPromise(),
    mutate: () => client.mutation(mutation, variables, context).toPromise(),
  };
}

/** What one client is told, and sends. Its documents are its own: nobody has sent them before. */
async function seen(name) {
  const [library, way] = name.split('-');
  const input = { draftId: name, strategyId: 's', contentType: 'c', title: 't', body: 'b' };
  const operations = {
    query: `query ${library}_${way} { __typename }`,
    mutation: `mutation ${library}_${way}($input: SaveDraftInput!) {
      saveDraft(input: $input) { draft { revision } }
    }`,
    variables: { input },
  };
  const client = { apollo, urql }[library](way, operations);
  const found = [];
  for (const ask of ['query', 'query', 'mutate', 'mutate']) {
    sent = [];
    const { data, error } = await client[ask]();
    found.push({ data, error: error?.message, sent });
  }
  return found;
}

const all = {};
for (const name of names) all[name] = await seen(name);
console.log(JSON.stringify(all));
process.exit(0);
