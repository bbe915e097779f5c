// The HTTP server: which provider answers which path, CORS, and key rotation. Nothing of OAuth.

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';

import { newSigningKey, rotated } from './keys.js';
import { createProvider } from './provider.js';
import { Resources } from './resources.js';
import { Store } from './store.js';

const LOOPBACK = '127.0.0.1';
const TODO_SCOPES = ['todo:read', 'todo:write', 'todo:delete'];
const METADATA = '/.well-known/oauth-authorization-server';

/**
 * Starts the authorization server on 127.0.0.1.
 *
 *   const server = await start({ resources: { res_todo: 'http://127.0.0.1:9401/mcp' } });
 *   server.url                                    // SCALEKIT_ENVIRONMENT_URL
 *   await server.rotate({ retire: true });        // a new signing key, the old one withdrawn
 *   await server.stop();
 *   await start({ port: server.port, state: server.state });  // same port, keys, clients, grants
 *
 * @param {object} [options]
 * @param {number} [options.port]  0: any free port
 * @param {Record<string, string | undefined>} [options.resources]  id to Server URL, or to any URL
 * @param {string[]} [options.scopes]
 * @param {number} [options.accessTokenTtl]  seconds
 * @param {'jwt' | 'opaque'} [options.accessTokenFormat]
 * @param {typeof fetch} [options.fetch]  reads client-id metadata documents (https only)
 * @param {object} [options.state]  of an earlier server: its keys, clients and grants
 * @param {(line: string) => void} [options.log]  one line per request
 */
export async function start({
  port = 0,
  resources = { res_todo: undefined },
  scopes = TODO_SCOPES,
  accessTokenTtl = 300,
  accessTokenFormat = 'jwt',
  fetch,
  state,
  log = () => {},
} = {}) {
  if (!URL.parse) throw new Error(`oidc-provider needs Node 20.19 or later, this is ${process.version}`);
  state ??= { keys: [await newSigningKey()], store: new Store(), cookieKey: randomBytes(16).toString('hex') };

  const server = http.createServer();
  server.listen(port, LOOPBACK);
  await once(server, 'listening');
  const url = `http://${LOOPBACK}:${server.address().port}`;

  const known = new Resources(url, resources);
  const lifetime = () => accessTokenTtl;
  const settings = { environment: url, resources: known, scopes, lifetime, accessTokenFormat, fetch, state };
  let listeners = createListeners(settings);

  async function rotate({ retire = false } = {}) {
    state.keys = await rotated(state.keys, { retire });
    listeners = createListeners(settings);
    return { kid: state.keys[0].kid, published: state.keys.map((key) => key.kid) };
  }

  server.on('request', async (req, res) => {
    const { method, url: target } = req;
    res.once('finish', () => log(`${method} ${target.split('?')[0]} ${res.statusCode}`));
    if (req.headers.host !== new URL(url).host) {
      // A page of another host whose name was pointed at 127.0.0.1, or a mistyped URL.
      return answer(res, 421, { error: 'misdirected_request', error_description: `this is ${url}` });
    }
    if (target.startsWith('/dev/rotate')) return rotation(req, res, rotate);
    if (crossOrigin(req, res)) return undefined;
    return route(req, res, listeners);
  });

  return {
    url,
    port: server.address().port,
    resources,
    state,
    issuerOf: (id) => known.issuerOf(id),
    rotate,
    /** Of the access tokens from now on, in seconds. */
    set accessTokenTtl(seconds) {
      accessTokenTtl = seconds;
    },
    async stop() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, 'close');
    },
  };
}

// One provider for the environment, which no client registers with, and one for each resource.
function createListeners(settings) {
  const { environment, resources } = settings;
  const listener = (own) => createProvider({ ...settings, ...own }).callback();
  return {
    environment: listener({ issuer: environment, ids: resources.ids, registration: false }),
    resources: new Map(resources.ids.map((id) => [
      id, listener({ issuer: resources.issuerOf(id), ids: [id], registration: true }),
    ])),
  };
}

// The path-inserted metadata of a resource (RFC 8414, section 3.1), and everything below its issuer.
const INSERTED = new RegExp(`^${METADATA}/resources/([\\w-]+)(?=\\?|$)`);
const BELOW = /^\/resources\/([\w-]+)(\/.*)$/;

function route(req, res, listeners) {
  const inserted = INSERTED.exec(req.url);
  const below = BELOW.exec(req.url);
  const id = (inserted ?? below)?.[1];
  if (id === undefined) return listeners.environment(req, res);

  const path = inserted ? METADATA : below[2];
  // Scalekit has no OpenID document for a resource, only for the environment.
  if (!listeners.resources.has(id) || path.startsWith('/.well-known/openid-configuration')) {
    return answer(res, 404, { error: 'not_found' });
  }
  req.baseUrl = `/resources/${id}`; // where oidc-provider is mounted, for the URLs in its metadata
  req.url = path;
  return listeners.resources.get(id)(req, res);
}

// oidc-provider allows no origin to register a client; a browser client has to. It leaves CORS
// alone once these fields are set. No cookie is ever needed, hence no credentials.
function crossOrigin(req, res) {
  res.setHeader('Access-Control-Allow-Origin', '*');
  res.setHeader('Access-Control-Expose-Headers', 'WWW-Authenticate, DPoP-Nonce');
  if (req.method !== 'OPTIONS' || !req.headers['access-control-request-method']) return false;
  res.setHeader('Access-Control-Allow-Methods', 'GET, POST');
  const headers = req.headers['access-control-request-headers'];
  if (headers) res.setHeader('Access-Control-Allow-Headers', headers);
  res.writeHead(204).end();
  return true;
}

async function rotation(req, res, rotate) {
  // `Origin` is what tells a browser's request from a tool's: no web page rotates keys.
  if (req.method !== 'POST' || req.headers.origin) return answer(res, 403, { error: 'forbidden' });
  const { searchParams } = new URL(req.url, 'http://dev');
  return answer(res, 200, await rotate({ retire: searchParams.get('retire') === 'true' }));
}

function answer(res, status, body) {
  res.writeHead(status, { 'Content-Type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}
