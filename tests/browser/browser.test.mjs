// The Todo servers and the gateways as a web page on another origin sees them, in a real browser: what
// the official client in the page gets done, and what the browser lets the page read.
//
// Needs what the demo needs, and Chromium: see chromium.mjs.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { start as startAuthorizationServer } from '../../examples/dev-authorization-server/src/server.js';
import { freePort, startServer, stopEverything } from '../demo/processes.mjs';
import { metadataUrl } from '../demo/scenario.mjs';
import { kindOf, parseChallenge } from '../demo/wire.mjs';
import { findChromium, launch } from './chromium.mjs';
import { startSite } from './site.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const PYTHON = process.env.PYTHON ?? join(ROOT, '.venv', 'bin', 'python');
const FRAMEWORKS = ['axum', 'fastapi', 'express'];
const UNREACHABLE = 'http://127.0.0.1:1'; // nobody listens there
const TODO = { title: 'seen in a browser' };
const RPC = {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
};

const executable = findChromium();
if (!executable) {
  const line = '='.repeat(80);
  console.log(`${line}\nSKIPPED: NOTHING IS TESTED IN A BROWSER: there is no Chromium\n${line}`);
}

suite('in a browser', { skip: executable ? false : 'THERE IS NO CHROMIUM' }, () => {
  // By framework: a Todo server, one that admits `site` alone and cannot reach its issuer, a gateway.
  const [todos, strictTodos, gateways] = [{}, {}, {}];
  let browser;
  let site;
  let stranger;
  let authorizationServer;

  before(async () => {
    const ports = await freePorts(1 + 3 * FRAMEWORKS.length);
    const [upstream, ...urls] = ports.map((port) => `http://127.0.0.1:${port}/mcp`);
    const resources = {};
    for (const name of FRAMEWORKS) {
      for (const group of [todos, strictTodos, gateways]) group[name] = urls.pop();
      Object.assign(resources, { [`todo_${name}`]: todos[name], [`gateway_${name}`]: gateways[name] });
    }
    [browser, site, stranger, authorizationServer] = await Promise.all([
      launch(executable), startSite(), startSite(), startAuthorizationServer({ resources }),
    ]);
    const trusting = (id) => ({ SCALEKIT_ENVIRONMENT_URL: authorizationServer.url, RESOURCE_ID: id });
    const strict = { ALLOWED_ORIGINS: site.origin, MCP_BEARER_ISSUERS: UNREACHABLE };
    await Promise.all(FRAMEWORKS.flatMap((name) => [
      start(`examples/todo-${name}`, todos[name], trusting(`todo_${name}`)),
      start(`examples/todo-${name}`, strictTodos[name], strict),
      start(`tests/gateways/${name}`, gateways[name], { ...trusting(`gateway_${name}`), UPSTREAM: upstream }),
    ]).concat(startSessions(upstream)));
  });

  after(async () => {
    await Promise.all([browser?.close(), stopEverything(), authorizationServer?.stop()]);
    for (const own of [site, stranger]) own?.stop();
  });

  for (const name of FRAMEWORKS) {
    test(`todo-${name}: the client discovers, registers, authorizes, calls a tool, and steps up`, async () => {
      const resource = todos[name];
      const page = await visit(site);
      const { kinds, refused } = record(page, resource);

      assert.equal(await authorize(page, resource, 'list_todos', {}), 'todo:read');
      assert.deepEqual(JSON.parse(await call(page, resource, 'list_todos', {})), []);
      const steps = ['mcp', 'resource metadata', 'metadata', 'registration', 'authorization', 'token'];
      assert.deepEqual(steps.filter((step) => !kinds.includes(step)), []);

      const granted = await authorize(page, resource, 'create_todo', TODO);
      assert.deepEqual(granted.split(' ').sort(), ['todo:read', 'todo:write']);
      const todo = JSON.parse(await call(page, resource, 'create_todo', TODO));
      assert.equal(todo.title, TODO.title);
      assert.deepEqual(JSON.parse(await call(page, resource, 'list_todos', {})), [todo]);
      assert.deepEqual(refused, []);
    });

    test(`gateway-${name}: the client keeps a session with the server behind`, async () => {
      const resource = gateways[name];
      const page = await visit(site);
      const { sessions, refused } = record(page, resource);

      assert.equal(await authorize(page, resource, 'list_todos', {}), 'todo:read');
      assert.equal(await call(page, resource, 'list_todos', {}), 'milk');
      assert.equal(new Set(sessions).size, 1, 'the page has read Mcp-Session-Id');
      assert.deepEqual(refused, []);
    });

    test(`todo-${name}: a page reads the challenges, and when to try again`, async () => {
      const [resource, strict] = [todos[name], strictTodos[name]];
      const page = await visit(site);
      for (const [url, request] of [[resource, RPC], [new URL('/todos', resource).href, {}]]) {
        const missing = await read(page, url, request);
        assert.equal(missing.status, 401);
        const challenge = { scope: 'todo:read', resource_metadata: metadataUrl(resource) };
        assert.deepEqual(parseChallenge(missing.headers['www-authenticate']), challenge);
        assert.equal(JSON.parse(missing.body).error, 'unauthorized');
      }
      const bad = await read(page, resource, withToken('garbage'));
      assert.equal(bad.status, 401);
      assert.equal(parseChallenge(bad.headers['www-authenticate']).error, 'invalid_token');

      const unavailable = await read(page, strict, withToken(unsigned({ iss: UNREACHABLE, aud: strict })));
      assert.equal(unavailable.status, 503);
      assert.match(unavailable.headers['retry-after'], /^[1-9]\d*$/);
    });

    test(`todo-${name}: any page reads the metadata, and only an allowed one the rest`, async () => {
      const resource = strictTodos[name];
      const [page, strange] = [await visit(site), await visit(stranger)];
      for (const own of [page, strange]) {
        // Some clients send this field, so that a preflight comes first.
        for (const headers of [{}, { 'MCP-Protocol-Version': '2025-11-25' }]) {
          const metadata = await read(own, metadataUrl(resource), { headers });
          assert.equal(metadata.status, 200);
          assert.equal(JSON.parse(metadata.body).resource, resource);
        }
      }
      assert.equal((await read(page, resource, RPC)).status, 401);
      assert.equal(await read(strange, resource, RPC), undefined);
    });
  }

  /** A page of a site, in a profile of its own. */
  async function visit({ origin }) {
    const page = await (await browser.newContext()).newPage();
    await page.goto(origin);
    await page.waitForFunction(() => 'page' in globalThis);
    return page;
  }
});

/** Calls a tool that the page has no token for, until the page is back: the scopes that it has got. */
async function authorize(page, resource, tool, args) {
  const back = page.waitForURL('**/callback?*');
  // A page that is left may take its answer with it.
  const left = await page.evaluate((all) => globalThis.page.call(...all), [resource, tool, args]).catch((error) => {
    if (!/context was destroyed/i.test(error.message)) throw error;
    return { left: true };
  });
  assert.deepEqual(left, { left: true });
  await back;
  await page.waitForFunction(() => 'page' in globalThis);
  return page.evaluate((own) => globalThis.page.finish(own), resource);
}

/** Calls a tool that the page has a token for. */
async function call(page, ...args) {
  const { text } = await page.evaluate((all) => globalThis.page.call(...all), args);
  return text;
}

/** What a page sends from now on: kinds of requests, sessions that it names, and what the browser refuses. */
function record(page, resource) {
  const [kinds, sessions, refused] = [[], [], []];
  page.on('request', (request) => {
    kinds.push(kindOf({ url: request.url() }, new URL(resource)));
    const { 'mcp-session-id': session } = request.headers();
    if (session) sessions.push(session);
  });
  // The client asks again in simpler terms where the browser refuses; nothing may need that.
  page.on('requestfailed', (request) => {
    const { errorText } = request.failure();
    const byTheClient = errorText === 'net::ERR_ABORTED';
    if (!byTheClient) refused.push(`${request.method()} ${request.url()} ${errorText}`);
  });
  return { kinds, sessions, refused };
}

function read(page, ...args) {
  return page.evaluate((all) => globalThis.page.read(...all), args);
}

function withToken(token) {
  return { ...RPC, headers: { ...RPC.headers, Authorization: `Bearer ${token}` } };
}

/** Good as far as one can see without keys. */
function unsigned(claims) {
  const exp = Math.floor(Date.now() / 1000) + 60;
  const parts = [{ alg: 'RS256', kid: 'any' }, { ...claims, exp }].map((part) => JSON.stringify(part));
  return [...parts, 'x'.repeat(256)].map((part) => Buffer.from(part).toString('base64url')).join('.');
}

function start(folder, resource, env) {
  return startServer({
    run: join(ROOT, folder, 'run'),
    readyUrl: metadataUrl(resource),
    env: { PORT: new URL(resource).port, MCP_SERVER_URL: resource, ...env },
  });
}

/** An MCP server that keeps sessions, and refuses a request that names none. */
function startSessions(url) {
  return startServer({
    run: PYTHON,
    args: [join(ROOT, 'tests', 'end_to_end', 'sdk_upstream.py')],
    readyUrl: url,
    readyStatus: 400,
    env: { PORT: new URL(url).port },
  });
}

async function freePorts(count) {
  const ports = new Set();
  while (ports.size < count) ports.add(await freePort(0));
  return [...ports];
}
