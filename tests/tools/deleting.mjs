// Deletes a package that is in the lists of a cache, through the modules that docs/clients.md has
// for a client: node deleting.mjs URL apollo|urql CLIENT DELETING
// Prints what was seen as JSON. Run with --conditions=development, where both clients warn.

import { pathToFileURL } from 'node:url';
import { parse } from 'graphql';

const [url, name, ...modules] = process.argv.slice(2);
const load = (file) => import(pathToFileURL(file).href);
const [{ client }, { deletePackage }] = await Promise.all(modules.map(load));

const warnings = [];
console.warn = console.error = (...message) => warnings.push(message.join(' '));

await fetch(url, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify({
    query: `mutation {
      saveDeliveryPackage(input: { packageId: "to-delete", draftId: "a-draft" }) { errors { code } }
    }`,
  }),
});

const query = parse(`{
  deliveryPackages(first: 2) { edges { node { id packageId draftId } } pageInfo { endCursor hasNextPage } }
}`);
const keys = (data) => data.deliveryPackages.edges.map(({ node }) => node.packageId);

// What the list on the screen shows, now and after what came last.
let shown;
const changed = () => new Promise((resolve) => (changed.next = resolve));
const show = ({ data, stale = false, dataState = 'complete' }) => {
  if (!data || stale || dataState !== 'complete') return;
  shown = keys(data);
  changed.next?.();
};
const first = changed();
const list =
  name === 'apollo'
    ? client.watchQuery({ query }).subscribe(show)
    : client.query(query, {}).subscribe(show);
await first;

const before = shown;
const conflict = await deletePackage('to-delete', 7);
let next = changed();
const missing = await deletePackage('no-such-package');
const outcome = await deletePackage('to-delete');
while (shown.includes('to-delete')) {
  await next;
  next = changed();
}
console.log(JSON.stringify({ before, conflict, missing, outcome, after: shown, warnings }));
list.unsubscribe();
process.exit();
