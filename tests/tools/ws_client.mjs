// Follows a package with the npm client graphql-ws: node ws_client.mjs URL PACKAGE_ID [EVENTS]
// Prints each event as a line of JSON, until that many came or the input ends.

import { createClient } from 'graphql-ws';
import { followed } from './following.mjs';

const [url, packageId, events] = process.argv.slice(2);
const client = createClient({ url: url.replace(/^http/, 'ws'), retryAttempts: 0 });
await followed(client, packageId, events);
await client.dispose();
