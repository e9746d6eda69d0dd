#!/usr/bin/env bash
# graphql-ws doesn't come back after 1011, by which servers end a WebSocket that missed a ping.
#
# graphql-ws 6.4.2, graphql 16.15.0 and ws 8.23.0 from npm, on Node 20 or newer.
# Source: https://the-guild.dev/graphql/ws, https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1,
# https://pypi.org/project/websockets/ (its keepalive closes with 1011)
# One would guess: a client that may retry, as `retryAttempts` says, does so whenever the server goes
# away, the more so when it was the client that was away: a laptop that sleeps misses a ping.
# Seen: 1001, 1012 and a socket that just breaks are followed by another attempt. After 1011 there is
# none: the subscription ends with the close event as its error. The library takes it, with most
# codes from 1000 to 1999, for fatal; `shouldRetry` isn't asked.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund \
  graphql-ws@6.4.2 graphql@16.15.0 ws@8.23.0 >&2

cat >see.mjs <<'SCRIPT'
import { once } from 'node:events';
import { createClient } from 'graphql-ws';
import WebSocket, { WebSocketServer } from 'ws';

/** What a subscription does after the server ended its connection by this code. */
async function afterwards(code) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  let count = 0;
  const client = createClient({
    url: `ws://127.0.0.1:${server.address().port}`,
    webSocketImpl: WebSocket,
    retryAttempts: 5,
    retryWait: async () => {},
    shouldRetry: () => true,
  });
  const seen = await new Promise((see) => {
    server.on('connection', (socket) => {
      count += 1;
      socket.on('message', (message) => {
        const { type } = JSON.parse(message);
        if (type === 'connection_init') socket.send(JSON.stringify({ type: 'connection_ack' }));
        if (type !== 'subscribe') return;
        if (count > 1) see('comes back');
        else if (code === null) socket.terminate();
        else socket.close(code);
      });
    });
    client.subscribe(
      { query: 'subscription { a }' },
      { next() {}, error: ({ code }) => see(`ends with the error ${code}`), complete() {} },
    );
  });
  await client.dispose();
  server.close();
  return seen;
}

for (const code of [1001, 1012, null, 1011]) {
  console.log(code ?? 'broken', await afterwards(code));
}
process.exit();
SCRIPT
timeout 60 node see.mjs | tee seen
diff seen - <<'EXPECTED'
1001 comes back
1012 comes back
broken comes back
1011 ends with the error 1011
EXPECTED
