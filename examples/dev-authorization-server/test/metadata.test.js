import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';

import { start } from '../src/server.js';

let server;
before(async () => {
  server = await start({ resources: { res_a: 'http://127.0.0.1:9401', res_b: 'http://127.0.0.1:9402/mcp' } });
});
after(() => server.stop());

const get = async (path) => {
  const response = await fetch(server.url + path);
  return { status: response.status, headers: response.headers, body: await response.json() };
};

test('a resource has its own metadata, path-inserted and appended', async () => {
  for (const id of ['res_a', 'res_b']) {
    const issuer = `${server.url}/resources/${id}`;
    const inserted = await get(`/.well-known/oauth-authorization-server/resources/${id}`);
    const appended = await get(`/resources/${id}/.well-known/oauth-authorization-server`);
    assert.equal(inserted.status, 200);
    assert.deepEqual(appended.body, inserted.body);
    const { body } = inserted;
    assert.equal(body.issuer, issuer);
    assert.equal(body.issuer, server.issuerOf(id));
    assert.equal(body.authorization_response_iss_parameter_supported, true);
    assert.equal(body.client_id_metadata_document_supported, true);
    assert.equal(body.registration_endpoint, `${issuer}/oauth/register`);
    assert.equal(body.authorization_endpoint, `${issuer}/oauth/authorize`);
    assert.equal(body.token_endpoint, `${issuer}/oauth/token`);
    assert.equal(body.introspection_endpoint, `${issuer}/oauth/introspect`);
    assert.equal(body.jwks_uri, `${server.url}/keys`);
    assert.deepEqual(body.code_challenge_methods_supported, ['S256']);
    assert.deepEqual(body.response_types_supported, ['code']);
    assert.ok(body.dpop_signing_alg_values_supported.includes('ES256'));
    for (const scope of ['todo:read', 'todo:write', 'todo:delete', 'offline_access']) {
      assert.ok(body.scopes_supported.includes(scope));
    }
  }
});

test('the environment has its own documents, without registration', async () => {
  for (const name of ['oauth-authorization-server', 'openid-configuration']) {
    const { status, body } = await get(`/.well-known/${name}`);
    assert.equal(status, 200);
    assert.equal(body.issuer, server.url);
    assert.equal(body.jwks_uri, `${server.url}/keys`);
    assert.equal(body.token_endpoint, `${server.url}/oauth/token`);
    assert.equal(body.registration_endpoint, undefined);
  }
});

test('a resource has no OpenID document, and an unknown one has nothing', async () => {
  for (const path of [
    '/resources/res_a/.well-known/openid-configuration',
    '/.well-known/openid-configuration/resources/res_a',
    '/.well-known/oauth-authorization-server/resources/res_c',
    '/resources/res_c/.well-known/oauth-authorization-server',
  ]) {
    assert.equal((await fetch(server.url + path)).status, 404, path);
  }
});

test('/keys publishes RSA signing keys and no private member', async () => {
  const { body } = await get('/keys');
  assert.equal(body.keys.length, 1);
  const [key] = body.keys;
  assert.deepEqual(Object.keys(key).sort(), ['alg', 'e', 'kid', 'kty', 'n', 'use']);
  assert.match(key.kid, /^snk_/);
});

test('a browser client of any origin may read metadata and register', async () => {
  const { headers } = await get('/.well-known/oauth-authorization-server/resources/res_a');
  assert.equal(headers.get('access-control-allow-origin'), '*');
  const preflight = await fetch(`${server.url}/resources/res_a/oauth/register`, {
    method: 'OPTIONS',
    headers: {
      Origin: 'http://localhost:6274',
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'content-type,mcp-protocol-version',
    },
  });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get('access-control-allow-origin'), '*');
  assert.match(preflight.headers.get('access-control-allow-headers'), /mcp-protocol-version/);
});

test('it answers to its own name only, so that no rebound host name reaches it', async () => {
  const status = await new Promise((resolve, reject) => {
    const options = { port: server.port, host: '127.0.0.1', headers: { Host: 'rebound.example' } };
    http.get(options, (response) => resolve(response.resume().statusCode)).on('error', reject);
  });
  assert.equal(status, 421);
});
