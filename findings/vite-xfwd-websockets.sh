#!/usr/bin/env bash
# Vite's proxy with `xfwd: true` tells X-Forwarded-Host with requests, but not with WebSockets.
#
# vite 7.3.8 from npm (its proxy is http-proxy-3), on Node 20 or newer.
# Source: https://www.npmjs.com/package/vite, https://github.com/sagemathinc/http-proxy-3
# One would guess: `xfwd: true` with `ws: true` sends the same X-Forwarded headers with both, so that
# what is behind, asked under its own name by `changeOrigin`, can compare a WebSocket's Origin with
# the name that the browser used.
# Seen: For, Port and Proto come with both; Host comes with requests alone.
# Exits 0 as long as that is so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init --yes >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund vite@7.3.8 ws@8.18.3 >&2

cat >see.mjs <<'SCRIPT'
import { createServer } from 'node:http';
import { createServer as createVite, version } from 'vite';
import WebSocket, { WebSocketServer } from 'ws';

const seen = {};
const note = (kind, { headers }) => {
  seen[kind] = Object.keys(headers).filter((name) => name.startsWith('x-forwarded-')).sort();
};
const behind = createServer((request, response) => {
  note('request', request);
  response.end();
});
new WebSocketServer({ server: behind }).on('connection', (socket, request) => {
  note('WebSocket', request);
  socket.close();
});
await new Promise((listening) => behind.listen(0, '127.0.0.1', listening));

const target = `http://127.0.0.1:${behind.address().port}`;
const vite = await createVite({
  configFile: false,
  logLevel: 'error',
  server: {
    host: '127.0.0.1',
    port: 20000 + (process.pid % 20000),
    proxy: { '/graphql': { target, ws: true, changeOrigin: true, xfwd: true } },
  },
});
await vite.listen();
const address = `127.0.0.1:${vite.httpServer.address().port}/graphql`;
await fetch(`http://${address}`);
await new Promise((closed) => new WebSocket(`ws://${address}`).on('close', closed));

console.log(`vite ${version}`, seen);
const has = (kind) => seen[kind].includes('x-forwarded-host');
const isAsSeen = has('request') && !has('WebSocket') && seen.WebSocket.length > 0;
process.exit(isAsSeen ? 0 : 1);
SCRIPT
timeout 60 node see.mjs
