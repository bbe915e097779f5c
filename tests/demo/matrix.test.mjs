// What each official client does at the first 401, when its token expires, when it lacks a scope, and when the server
// has no keys. docs/clients.md says so, and this test says whether it is true.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { start as startAuthorizationServer } from '../../examples/dev-authorization-server/src/server.js';
import { Gate } from './gate.mjs';
import { Driver, freePort, startServer, stopEverything } from './processes.mjs';
import { metadataUrl } from './scenario.mjs';
import { kindOf, scopesOf } from './wire.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '..', '..');
const PYTHON = process.env.PYTHON ?? join(ROOT, '.venv', 'bin', 'python');

const TARGET = process.env.CARGO_TARGET_DIR ?? join(ROOT, 'target');
const RUST = ['.', ...readdirSync(TARGET)].map((folder) => join(TARGET, folder, 'release', 'demo-rmcp')).find(existsSync);
const CLIENTS = {
  'TypeScript SDK v2': [process.execPath, join(HERE, 'client.mjs')],
  'TypeScript SDK v1': [process.execPath, join(HERE, 'client.mjs'), 'v1'],
  'Python SDK': [PYTHON, join(HERE, 'client.py')],
  FastMCP: [PYTHON, join(HERE, 'fastmcp_client.py')],
  rmcp: [RUST ?? 'demo-rmcp, which `make build` builds'],
};

const { dependencies } = JSON.parse(readFileSync(join(HERE, 'package.json'), 'utf8'));
const ofPython = (name) =>
  execFileSync(PYTHON, ['-c', `import importlib.metadata as m; print(m.version('${name}'))`], { encoding: 'utf8' }).trim();
const versions = {
  'TypeScript SDK v2': dependencies['@modelcontextprotocol/client'],
  'TypeScript SDK v1': dependencies['@modelcontextprotocol/sdk'],
  'Python SDK': ofPython('mcp'),
  FastMCP: ofPython('fastmcp'),
  rmcp: /name = "rmcp"\nversion = "(.*)"/.exec(readFileSync(join(ROOT, 'Cargo.lock'), 'utf8'))[1],
};

const gate = new Gate();
let authorizationServer;
let resource;
let [healthy, withoutKeys] = [];
/** What the authorization server has been asked. */
const asked = [];

before(async () => {
  resource = `http://127.0.0.1:${await gate.open()}/mcp`;
  authorizationServer = await startAuthorizationServer({ resources: { res_todo: resource } });
  subscribe('http.server.request.start', ({ request, socket }) => {
    if (socket.localPort === authorizationServer.port) asked.push(`${authorizationServer.url}${request.url}`);
  });
  const serve = async (more) => {
    const port = await freePort(0);
    await startServer({
      run: join(ROOT, 'examples', 'todo-express', 'run'),
      readyUrl: metadataUrl(`http://127.0.0.1:${port}/mcp`),
      env: {
        PORT: String(port),
        MCP_SERVER_URL: resource,
        SCALEKIT_ENVIRONMENT_URL: authorizationServer.url,
        RESOURCE_ID: 'res_todo',
        MCP_BEARER_SCOPES_SUPPORTED: 'todo:read', // what basic use needs, as MCP 2026-07-28 wants it
        ...more,
      },
    });
    return port;
  };
  healthy = await serve({});
  withoutKeys = await serve({ MCP_BEARER_JWKS_URI: 'http://127.0.0.1:1/keys' });
});
after(async () => {
  await stopEverything();
  await gate.close();
  await authorizationServer.stop();
});

for (const [name, command] of Object.entries(CLIENTS)) {
  test(name, async () => {
    gate.target = healthy;
    const driver = new Driver(command, { MCP_SERVER_URL: resource }, { onRequest() {}, onResponse() {} });
    const list = { do: 'call', tool: 'list_todos', arguments: {} };
    /** What comes of one command, at both servers. */
    const watch = async (...commands) => {
      const [requests, questions, raised] = [gate.seen.length, asked.length, driver.raised.length];
      let failed;
      for (const one of commands) failed ??= await driver.do(one).then(() => undefined, (error) => error.message);
      const kinds = asked.slice(questions).map((url) => kindOf({ url }, new URL(resource)));
      const scopes = asked.slice(questions).findLast((url) => url.includes('/oauth/authorize'));
      return {
        statuses: gate.seen.slice(requests).filter(({ url }) => !url.includes('.well-known')).map(({ status }) => status),
        authorizations: kinds.filter((kind) => kind === 'authorization').length,
        tokens: kinds.filter((kind) => kind === 'token').length,
        scopes: scopes && scopesOf(new URL(scopes).searchParams.get('scope')),
        raised: driver.raised.slice(raised),
        failed,
      };
    };
    const told = { first: await watch({ do: 'connect' }, list) };
    gate.expire(authorizationServer.state.keys[0]);
    told.expiry = await watch(list);
    told.stepUp = await watch({ do: 'call', tool: 'create_todo', arguments: { title: 'x' } });
    gate.target = withoutKeys;
    told.outage = await watch(list);
    gate.target = healthy;
    told.afterwards = await watch(list);
    await driver.stop();

    const { first, expiry, stepUp, outage, afterwards } = told;
    for (const { failed, statuses } of [first, expiry, stepUp, afterwards]) {
      assert.equal(failed, undefined);
      assert.equal(statuses.at(-1), 200);
    }
    assert.deepEqual([first.statuses[0], expiry.statuses[0], stepUp.statuses[0]], [401, 401, 403]);
    // One question, no other token, and an error for whoever called.
    assert.deepEqual([outage.statuses, outage.authorizations, outage.tokens], [[503], 0, 0]);
    assert.match(outage.failed, /error/i);
    const row = [
      `${name} ${versions[name]}`,
      `asks for ${code(first.scopes)}${how(first)}`,
      expiry.authorizations === 0 ? 'refreshes, and repeats the call' : `authorizes anew${how(expiry)}`,
      `asks for ${code(stepUp.scopes)}${how(stepUp)}`,
      'an error; the token is kept',
    ];
    const document = readFileSync(join(ROOT, 'docs', 'clients.md'), 'utf8');
    assert.ok(document.includes(`| ${row.join(' | ')} |`), `docs/clients.md lacks\n| ${row.join(' | ')} |`);
    // Whoever has asked for one scope alone has lost the other.
    assert.equal(afterwards.authorizations > 0, !stepUp.scopes.includes('todo:read'));
  });
}

const code = (scopes) => `\`${scopes.sort().join(' ')}\``;

/** What is left to the user of the client is to redeem the code that comes back, and to call again. */
const how = ({ raised }) => (raised.length > 0 ? ` (\`${raised[0]}\`)` : '');
