// Client-id metadata documents: the official clients with an https URL for a client id, against a
// Todo server. Not part of the demo, since oidc-provider reads such documents from https URLs only:
// here its fetch is substituted. Needs what the demo needs. TODO_RUN: another server's run script.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { start as startAuthorizationServer } from '../../examples/dev-authorization-server/src/server.js';
import { Driver, freePort, startServer, stopEverything } from './processes.mjs';
import { metadataUrl } from './scenario.mjs';
import { bearerOf, kindOf, parseToken } from './wire.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '..', '..');
const PYTHON = process.env.PYTHON ?? join(ROOT, '.venv', 'bin', 'python');
const CLIENT_ID = 'https://client.example/mcp/client.json';

let authorizationServer;
let resource;
before(async () => {
  const port = await freePort(0);
  resource = `http://127.0.0.1:${port}/mcp`;
  authorizationServer = await startAuthorizationServer({
    resources: { res_todo: resource },
    fetch: async (url) => (url === CLIENT_ID ? Response.json(document()) : new Response('', { status: 404 })),
  });
  await startServer({
    run: process.env.TODO_RUN ?? join(ROOT, 'examples', 'todo-express', 'run'),
    readyUrl: metadataUrl(resource),
    env: {
      PORT: String(port),
      MCP_SERVER_URL: resource,
      SCALEKIT_ENVIRONMENT_URL: authorizationServer.url,
      RESOURCE_ID: 'res_todo',
    },
  });
});
after(async () => {
  await stopEverything();
  await authorizationServer.stop();
});

for (const command of [[process.execPath, join(HERE, 'client.mjs')], [PYTHON, join(HERE, 'client.py')]]) {
  test(`${command[1].split('/').at(-1)}: an https client id instead of a registration`, async () => {
    const wire = [];
    const driver = new Driver(command, { MCP_SERVER_URL: resource, CLIENT_METADATA_URL: CLIENT_ID }, {
      onRequest: (request) => wire.push(request),
      onResponse: () => {},
    });
    await driver.do({ do: 'connect' });
    const { content } = await driver.do({ do: 'call', tool: 'list_todos', arguments: {} });
    await driver.do({ do: 'close' });
    await driver.stop();

    assert.deepEqual(JSON.parse(content[0].text), []);
    const kinds = wire.map((request) => kindOf(request, new URL(resource)));
    assert.ok(!kinds.includes('registration'));
    const last = wire.findLast((request) => request.authorization);
    assert.equal(parseToken(bearerOf(last)).claims.client_id, CLIENT_ID);
  });
}

// Both drivers' redirect URIs; the clients do not publish a document themselves.
function document() {
  return {
    client_id: CLIENT_ID,
    client_name: 'demo',
    redirect_uris: ['http://127.0.0.1:8765/callback', 'http://127.0.0.1:8766/callback'],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
}
