// The Todo servers as a web page on another origin sees them, in a real browser: what the official
// client in the page gets done, and what the browser lets the page read.
//
// Needs what the demo needs, and Chromium: see chromium.mjs.

import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { start as startAuthorizationServer } from '../../examples/dev-authorization-server/src/server.js';
import { freePort, startServer, stopEverything } from '../demo/processes.mjs';
import { metadataUrl } from '../demo/scenario.mjs';
import { parseChallenge } from '../demo/wire.mjs';
import { findChromium, launch } from './chromium.mjs';
import { startSite } from './site.mjs';

const EXAMPLES = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'examples');
const TODOS = ['todo-axum', 'todo-fastapi', 'todo-express'];
const UNREACHABLE = 'http://127.0.0.1:1'; // nobody listens there
const RPC = {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
};

const executable = findChromium();
if (!executable) console.log(`${'='.repeat(80)}\nSKIPPED: NOTHING IS TESTED IN A BROWSER: there is no Chromium\n${'='.repeat(80)}`);

suite('in a browser', { skip: executable ? false : 'THERE IS NO CHROMIUM' }, () => {
  const servers = {};
  let browser;
  let site;
  let stranger;
  let authorizationServer;

  before(async () => {
    const urls = (await freePorts(2 * TODOS.length)).map((port) => `http://127.0.0.1:${port}/mcp`);
    const resources = Object.fromEntries(TODOS.map((name, i) => [name.replace('-', '_'), urls[i]]));
    [browser, site, stranger, authorizationServer] = await Promise.all([
      launch(executable), startSite(), startSite(), startAuthorizationServer({ resources }),
    ]);
    await Promise.all(TODOS.map(async (name, i) => {
      const [id, resource, strict] = [name.replace('-', '_'), urls[i], urls[i + TODOS.length]];
      servers[name] = { resource, strict };
      await Promise.all([
        startTodo(name, resource, { SCALEKIT_ENVIRONMENT_URL: authorizationServer.url, RESOURCE_ID: id }),
        // Admits one site alone, and cannot reach the issuer of its tokens.
        startTodo(name, strict, { ALLOWED_ORIGINS: site.origin, MCP_BEARER_ISSUERS: UNREACHABLE }),
      ]);
    }));
  });

  after(async () => {
    await Promise.all([browser?.close(), stopEverything(), authorizationServer?.stop()]);
    for (const own of [site, stranger]) own?.stop();
  });

  for (const name of TODOS) {
    test(`${name}: the client discovers, registers, authorizes, calls a tool, and steps up`, async () => {
      const { resource } = servers[name];
      const page = await visit(site);
      // The client asks again in simpler terms where the browser refuses; nothing may need that.
      const refused = [];
      page.on('requestfailed', (request) => {
        const { errorText } = request.failure();
        const isOwnWish = errorText === 'net::ERR_ABORTED';
        if (!isOwnWish) refused.push(`${request.method()} ${request.url()} ${errorText}`);
      });

      assert.equal(await authorize(page, resource, 'list_todos', {}), 'todo:read');
      assert.deepEqual(await call(page, resource, 'list_todos', {}), { answer: [] });

      const granted = await authorize(page, resource, 'create_todo', { title: 'seen in a browser' });
      assert.deepEqual(granted.split(' ').sort(), ['todo:read', 'todo:write']);
      const { answer: todo } = await call(page, resource, 'create_todo', { title: 'seen in a browser' });
      assert.deepEqual(await call(page, resource, 'list_todos', {}), { answer: [todo] });
      assert.equal(todo.title, 'seen in a browser');
      assert.deepEqual(refused, []);
    });

    test(`${name}: a page reads the challenges, and when to try again`, async () => {
      const { resource, strict } = servers[name];
      const page = await visit(site);
      for (const url of [resource, new URL('/todos', resource).href]) {
        const missing = await read(page, url, url === resource ? RPC : {});
        assert.equal(missing.status, 401);
        const challenge = { scope: 'todo:read', resource_metadata: metadataUrl(resource) };
        assert.deepEqual(parseChallenge(missing.headers['www-authenticate']), challenge);
        assert.deepEqual(JSON.parse(missing.body).error, 'unauthorized');
      }
      const bad = await read(page, resource, withToken('garbage'));
      assert.equal(bad.status, 401);
      assert.equal(parseChallenge(bad.headers['www-authenticate']).error, 'invalid_token');

      const unavailable = await read(page, strict, withToken(unsigned({ iss: UNREACHABLE, aud: strict })));
      assert.equal(unavailable.status, 503);
      assert.match(unavailable.headers['retry-after'], /^[1-9]\d*$/);
    });

    test(`${name}: any page reads the metadata, and only an allowed one the rest`, async () => {
      const { strict } = servers[name];
      const [page, strange] = [await visit(site), await visit(stranger)];
      for (const own of [page, strange]) {
        // Some clients send this field, so that a preflight comes first.
        for (const headers of [{}, { 'MCP-Protocol-Version': '2025-11-25' }]) {
          const metadata = await read(own, metadataUrl(strict), { headers });
          assert.equal(metadata.status, 200);
          assert.equal(JSON.parse(metadata.body).resource, strict);
        }
      }
      assert.equal((await read(page, strict, RPC)).status, 401);
      assert.equal(await read(strange, strict, RPC), undefined);
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
  assert.deepEqual(await call(page, resource, tool, args), { left: true });
  await back;
  await page.waitForFunction(() => 'page' in globalThis);
  return page.evaluate((own) => globalThis.page.finish(own), resource);
}

// A page that is left takes its answer with it.
function call(page, ...args) {
  return page.evaluate((all) => globalThis.page.call(...all), args)
    .catch((error) => {
      if (/context was destroyed/i.test(error.message)) return { left: true };
      throw error;
    });
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

function startTodo(name, resource, env) {
  return startServer({
    run: join(EXAMPLES, name, 'run'),
    readyUrl: metadataUrl(resource),
    env: { PORT: new URL(resource).port, MCP_SERVER_URL: resource, ...env },
  });
}

async function freePorts(count) {
  const ports = new Set();
  while (ports.size < count) ports.add(await freePort(0));
  return [...ports];
}
