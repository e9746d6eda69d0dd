// Reads values of one entity by two queries that want different fields of them, through a cache
// that knows nothing and through the client of a module: node apollo_values.mjs URL MODULE
// Prints the warnings of each as JSON. Run with --conditions=development, where Apollo warns.

import { pathToFileURL } from 'node:url';
import { ApolloClient, HttpLink, InMemoryCache, gql } from '@apollo/client';

const [url, module] = process.argv.slice(2);
const { client: told } = await import(pathToFileURL(module).href);
const untold = new ApolloClient({ cache: new InMemoryCache(), link: new HttpLink({ uri: url }) });

const queries = [
  gql`
    query A {
      strategyPlans(first: 1) {
        edges {
          node {
            id
            kpis { name }
            timeline { durationWeeks }
            recommendations { position }
          }
        }
      }
    }
  `,
  gql`
    query B {
      strategyPlans(first: 1) {
        edges {
          node {
            id
            kpis { unit }
            timeline { milestones { name } }
            recommendations { channel }
          }
        }
      }
    }
  `,
];

const warnings = { untold: [], told: [] };
for (const [name, client] of Object.entries({ untold, told })) {
  console.warn = console.error = (...message) => warnings[name].push(message.join(' '));
  for (const query of queries) await client.query({ query });
  client.stop();
}
console.log(JSON.stringify(warnings));
