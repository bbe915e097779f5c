// node tests/demo/demo.mjs                 every server with every client (`make demo`)
// node tests/demo/demo.mjs axum ts mcp     only what these words name
// node tests/demo/demo.mjs ./path/to/run   a server of your own, with the Todo server's tools
// KEEP=1 node tests/demo/demo.mjs          leave everything running, and say how to connect to it
//
// Starts the development authorization server and the three Todo servers on 127.0.0.1 and drives
// each with the official TypeScript and Python clients, once with MCP_SERVER_URL an origin and once
// ending in /mcp: see scenario.mjs. Needs no human and no network; exits 0 only if all passed.
//
// Before it: `npm ci` in tests/demo and in examples/dev-authorization-server, the examples built,
// and a Python that has the packages of requirements.txt (PYTHON, default .venv/bin/python).

import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { start as startAuthorizationServer } from '../../examples/dev-authorization-server/src/server.js';
import { explainHowToConnect } from './connect.mjs';
import { Narrator } from './narrator.mjs';
import { Driver, freePort, startServer, stopEverything } from './processes.mjs';
import { metadataUrl, runScenario } from './scenario.mjs';

const HERE = dirname(fileURLToPath(import.meta.url));
const ROOT = join(HERE, '..', '..');
const PYTHON = process.env.PYTHON ?? join(ROOT, '.venv', 'bin', 'python');

const SERVERS = { axum: 'todo-axum', fastapi: 'todo-fastapi', express: 'todo-express' };
const CLIENTS = {
  ts: { name: 'TypeScript client', command: [process.execPath, join(HERE, 'client.mjs')] },
  python: { name: 'Python client', command: [PYTHON, join(HERE, 'client.py')] },
};
const PATHS = { origin: '', mcp: '/mcp' }; // what follows the origin in MCP_SERVER_URL

const { servers, clients, paths } = choose(process.argv.slice(2));
let codeWhenInterrupted = 130;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await stopEverything();
    process.exit(codeWhenInterrupted);
  });
}

for (const [i, server] of servers.entries()) {
  server.port = await freePort(9401 + i);
}
let atAuthorizationServer = () => {};
const authorizationServer = await startAuthorizationServer({
  port: await freePort(9400),
  resources: Object.fromEntries(servers.flatMap((server) =>
    Object.keys(PATHS).map((path) => [resourceId(server, path), resourceUrl(server, path)]))),
  log: (line) => atAuthorizationServer(...line.split(' ')),
});
console.log(`authorization server: ${authorizationServer.url}`);
console.log("(1)-(2) metadata, (3)-(5) authorization, (6)-(7) token, (8) request, (9)-(10) check, (11) answer");

const failures = [];
let passed = 0;
for (const path of paths) {
  for (const server of servers) {
    for (const client of clients) {
      const title = `${server.name}, ${CLIENTS[client].name}, MCP_SERVER_URL=${resourceUrl(server, path)}`;
      console.log(`\n${title}`);
      try {
        await drive(server, CLIENTS[client], path);
        passed += 1;
      } catch (error) {
        failures.push(title);
        console.log(`\n  FAILED: ${error.message}`);
      }
    }
  }
}
console.log(`\n${passed} passed, ${failures.length} failed`);
for (const title of failures) console.log(`  failed: ${title}`);
process.exitCode = failures.length ? 1 : 0;

if (process.env.KEEP) await keepRunning();
else await authorizationServer.stop();

/** One server, started for this, and one client: both new, so that every step happens each time. */
async function drive(server, client, path) {
  const resource = resourceUrl(server, path);
  const narrator = new Narrator(new URL(resource));
  const wire = [];
  let keyReads = 0;
  atAuthorizationServer = (method, target) => {
    if (target === '/keys') keyReads += 1;
    narrator.atAuthorizationServer(method, target);
  };
  const running = await startTodo(server, path, {
    MCP_BEARER_LEEWAY_SECONDS: '0',
    MCP_BEARER_JWKS_COOLDOWN_SECONDS: '1',
  });
  const driver = new Driver(client.command, { MCP_SERVER_URL: resource }, {
    onRequest: (request) => narrator.request(request),
    onResponse: (request, response) => {
      wire.push({ request, response, at: Date.now() });
      narrator.response(request, response);
    },
  });
  try {
    await runScenario({
      driver, narrator, wire, resource,
      resourceId: resourceId(server, path),
      environment: authorizationServer.url,
      setTokenLifetime: (seconds) => (authorizationServer.accessTokenTtl = seconds),
      keyReads: () => keyReads,
    });
  } catch (error) {
    const written = `  the server wrote:\n${running.output()}\n  the client wrote:\n${driver.output()}`;
    throw new Error(`${error.message}\n${written}`);
  } finally {
    atAuthorizationServer = () => {};
    await driver.stop();
    await running.stop();
  }
}

function startTodo(server, path, env = {}) {
  const resource = resourceUrl(server, path);
  return startServer({
    run: server.run,
    readyUrl: metadataUrl(resource),
    env: {
      PORT: String(server.port),
      MCP_SERVER_URL: resource,
      SCALEKIT_ENVIRONMENT_URL: authorizationServer.url,
      RESOURCE_ID: resourceId(server, path),
      ...env,
    },
  });
}

/** The same servers again, with tokens that live as long as Scalekit's shortest. */
async function keepRunning() {
  codeWhenInterrupted = process.exitCode; // Ctrl-C is now how it ends
  authorizationServer.accessTokenTtl = 300;
  for (const server of servers) await startTodo(server, 'mcp');
  explainHowToConnect(servers.map((server) => ({ name: server.name, url: resourceUrl(server, 'mcp') })));
}

function resourceUrl(server, path) {
  return `http://127.0.0.1:${server.port}${PATHS[path]}`;
}

function resourceId(server, path) {
  return `res_${server.name.replace(/\W/g, '_')}_${path}`;
}

function choose(words) {
  const named = (of) => {
    const some = Object.keys(of).filter((word) => words.includes(word));
    return some.length ? some : Object.keys(of);
  };
  const own = words.filter((word) => existsSync(word) && word.includes('/'));
  const known = new Set([...own, ...Object.keys({ ...SERVERS, ...CLIENTS, ...PATHS })]);
  const unknown = words.filter((word) => !known.has(word));
  if (unknown.length) {
    console.error(`unknown: ${unknown}; known: ${[...known].join(' ')}, or the path of a run script`);
    process.exit(2);
  }
  const examples = named(SERVERS).map((word) => ({
    name: SERVERS[word], run: join(ROOT, 'examples', SERVERS[word], 'run'),
  }));
  const given = own.map((run) => ({ name: basename(dirname(resolve(run))), run: resolve(run) }));
  return { servers: given.length ? given : examples, clients: named(CLIENTS), paths: named(PATHS) };
}
