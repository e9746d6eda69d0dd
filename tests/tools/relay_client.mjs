// Uses a server through Relay's own runtime and the compiler's artifacts, as a frontend would.
// Prints what the store holds after each step as a JSON object.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import relay from 'relay-runtime';

const { ConnectionHandler, Environment, Network, RecordSource, ROOT_ID, Store } = relay;

const [url, artifacts, draftId, briefId] = process.argv.slice(2);
const artifact = async (name) =>
  (await import(pathToFileURL(join(artifacts, `${name}.graphql.js`)).href)).default;

const environment = new Environment({
  network: Network.create(async ({ text: query }, variables) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    });
    return response.json();
  }),
  store: new Store(new RecordSource()),
});

async function ask(name, variables) {
  const query = await artifact(name);
  // What nothing on the screen retains may be forgotten at any time.
  environment.retain(relay.createOperationDescriptor(query, variables));
  return relay.fetchQuery(environment, query, variables).toPromise();
}

async function change(name, variables) {
  const mutation = await artifact(name);
  await new Promise((onCompleted, onError) => {
    relay.commitMutation(environment, { mutation, variables, onCompleted, onError });
  });
}

const filter = { draftId: { eq: draftId } };
const orderBy = { field: 'CREATED_AT', direction: 'DESC' };

/** What the store has of a connection: its items by their `field`, and where its page ends. */
function connection(parent, key, filters, field) {
  let found;
  environment.commitUpdate((store) => {
    const record = ConnectionHandler.getConnection(store.get(parent), key, filters);
    const nodes = record.getLinkedRecords('edges').map((edge) => edge.getLinkedRecord('node'));
    const page = record.getLinkedRecord('pageInfo');
    found = {
      id: record.getDataID(),
      ids: nodes.map((node) => node.getDataID()),
      items: nodes.map((node) => node.getValue(field)),
      start: page.getValue('startCursor'),
      end: page.getValue('endCursor'),
    };
  });
  return found;
}
const packages = () =>
  connection(ROOT_ID, 'packages_deliveryPackages', { filter, orderBy }, 'packageId');

const seen = {};

await ask('packagesQuery', { first: 2, filter });
seen.firstPage = packages().items;
await ask('packagesPaginationQuery', { first: 2, after: packages().end, filter });
seen.bothPages = packages().items;

const [first] = packages().ids;
const { node } = await ask('packagesRowRefetchQuery', { id: first });
seen.refetched = node.__id === first;

const { brief } = await ask('briefQuery', { briefId, last: 1 });
const plans = () => connection(brief.__id, 'brief_strategyPlans', undefined, 'version');
seen.latestPlan = plans().items;
await ask('briefPlansPaginationQuery', { id: brief.__id, last: 5, before: plans().start });
seen.allPlans = plans().items;

const connections = [packages().id];
await change('changesSaveMutation', { input: { draftId, packageId: 'new' }, connections });
seen.afterSaving = packages().items;
await change('changesDeleteMutation', { input: { packageId: 'new' }, connections });
seen.afterDeleting = packages().items;

console.log(JSON.stringify(seen));
