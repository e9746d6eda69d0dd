// What ws_client.mjs and sse_client.mjs have in common: the two clients are used alike.

const query = `
  subscription Follow($packageId: ID!) {
    deliveryPackageChanged(packageId: $packageId) {
      kind
      packageId
      deliveryPackage { packageId revision artifacts { position name } }
    }
  }
`;

/** Prints the events, and returns when there were enough or the input has ended. */
export async function followed(client, packageId, events = Infinity) {
  const results = client.iterate({ query, variables: { packageId } });
  process.stdin.resume().once('end', () => results.return());
  let count = 0;
  for await (const { data, errors } of results) {
    console.log(JSON.stringify(errors ? { errors } : data.deliveryPackageChanged));
    count += 1;
    if (count >= Number(events)) break;
  }
  process.stdin.destroy();
}
