import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { start } from '../src/server.js';
import {
  REDIRECT_URI, authorize, metadataOf, redeem, register, requestToken, signIn, verified,
} from './client.js';

const TODO = 'http://127.0.0.1:9401';
const OTHER = 'http://127.0.0.1:9402/mcp';

let server;
let issuer;
let metadata;
before(async () => {
  server = await start({ resources: { res_todo: TODO, res_other: OTHER }, accessTokenTtl: 60 });
  issuer = server.issuerOf('res_todo');
  metadata = await metadataOf(issuer);
});
after(() => server.stop());

const client = async (registration) => (await register(metadata, registration)).client_id;

test('registration, authorization code with PKCE, and the shape of the token', async () => {
  const registered = await register(metadata, { scope: 'todo:read', client_name: 'a client' });
  assert.equal(registered.status, 201);
  assert.equal(registered.scope, undefined, 'the registered scope is not enforced, nor echoed');

  const response = await authorize(metadata, registered.client_id, { scope: 'todo:read', resource: TODO });
  assert.equal(response.iss, issuer, 'RFC 9207: the resource answered');
  assert.equal(response.state, 'a state');

  const token = await redeem(metadata, registered.client_id, response, { resource: TODO });
  assert.equal(token.status, 200);
  assert.equal(token.token_type, 'Bearer');
  assert.equal(token.scope, 'todo:read');
  assert.equal(token.refresh_token, undefined, 'only with offline_access');

  const { header, claims } = await verified(token.access_token, server.url);
  assert.equal(header.typ, 'at+jwt');
  assert.equal(header.alg, 'RS256');
  assert.equal(claims.iss, server.url, 'tokens name the environment');
  assert.deepEqual(claims.aud, [TODO, 'res_todo']);
  assert.equal(claims.scope, 'todo:read');
  assert.equal(claims.sub, 'usr_dev');
  assert.equal(claims.client_id, registered.client_id);
  assert.equal(claims.exp - claims.iat, 60);
  assert.equal(claims.nbf, claims.iat);
  assert.ok(claims.jti);
});

test('errors carry the same iss', async () => {
  const clientId = await client();
  const response = await authorize(metadata, clientId, { scope: 'todo:read', resource: TODO, pkce: false });
  assert.equal(response.error, 'invalid_request');
  assert.equal(response.iss, issuer);
});

test('the code is worth nothing without its verifier', async () => {
  const clientId = await client();
  const response = await authorize(metadata, clientId, { scope: 'todo:read', resource: TODO });
  const token = await redeem(metadata, clientId, { ...response, verifier: 'x'.repeat(43) });
  assert.equal(token.error, 'invalid_grant');
});

test('an origin is accepted with and without its slash, and aud repeats the spelling', async () => {
  const clientId = await client();
  for (const resource of [TODO, `${TODO}/`]) {
    const token = await signIn(metadata, clientId, { scope: 'todo:read', resource });
    const { claims } = await verified(token.access_token, server.url);
    assert.deepEqual(claims.aud, [resource, 'res_todo']);
  }
});

test('without a resource parameter the registered Server URL is meant', async () => {
  const token = await signIn(metadata, await client(), { scope: 'todo:read' });
  const { claims } = await verified(token.access_token, server.url);
  assert.deepEqual(claims.aud, [TODO, 'res_todo']);
});

test('a resource gives no tokens for another', async () => {
  const clientId = await client();
  for (const resource of [OTHER, `${TODO}/mcp`, 'http://127.0.0.1:1']) {
    const response = await authorize(metadata, clientId, { scope: 'todo:read', resource });
    assert.equal(response.error, 'invalid_target', resource);
  }
  const other = await metadataOf(server.issuerOf('res_other'));
  const token = await signIn(other, (await register(other)).client_id, {
    scope: 'todo:read', resource: OTHER,
  });
  const { claims } = await verified(token.access_token, server.url);
  assert.deepEqual(claims.aud, [OTHER, 'res_other']);
});

test('a client that registered with the first scope can step up', async () => {
  const clientId = await client({ scope: 'todo:read' });
  const token = await signIn(metadata, clientId, { scope: 'todo:read todo:write', resource: TODO });
  const { claims } = await verified(token.access_token, server.url);
  assert.equal(claims.scope, 'todo:read todo:write');
});

test('offline_access gives a refresh token, which rotates', async () => {
  const clientId = await client();
  const first = await signIn(metadata, clientId, {
    scope: 'todo:read todo:write offline_access', prompt: 'consent', resource: TODO,
  });
  assert.ok(first.refresh_token);
  const refresh = (token) => requestToken(metadata, {
    grant_type: 'refresh_token', client_id: clientId, refresh_token: token, resource: TODO,
  });
  const second = await refresh(first.refresh_token);
  assert.equal(second.status, 200);
  assert.notEqual(second.refresh_token, first.refresh_token);
  const { claims } = await verified(second.access_token, server.url);
  assert.deepEqual(claims.aud, [TODO, 'res_todo']);
  assert.equal(claims.scope, 'todo:read todo:write');
  assert.equal((await refresh(first.refresh_token)).error, 'invalid_grant', 'a used one is refused');
});

test('client credentials: no user, and an array named scopes', async () => {
  const registered = await register(metadata, {
    redirect_uris: [], response_types: [], grant_types: ['client_credentials'],
    token_endpoint_auth_method: 'client_secret_basic',
  });
  const secret = Buffer.from(`${registered.client_id}:${registered.client_secret}`).toString('base64');
  const environment = await (await fetch(`${server.url}/.well-known/openid-configuration`)).json();
  for (const at of [metadata, environment]) {
    const token = await requestToken(at, {
      grant_type: 'client_credentials', scope: 'todo:read todo:write', resource: TODO,
    }, { Authorization: `Basic ${secret}` });
    assert.equal(token.scope, 'todo:read todo:write');
    const { claims } = await verified(token.access_token, server.url);
    assert.equal(claims.iss, server.url);
    assert.equal(claims.sub, registered.client_id);
    assert.deepEqual(claims.aud, [TODO, 'res_todo']);
    assert.deepEqual(claims.scopes, ['todo:read', 'todo:write']);
    assert.equal(claims.scope, undefined);
  }
});

test('login_hint chooses the user', async () => {
  const clientId = await client();
  const token = await signIn(metadata, clientId, { scope: 'todo:read', resource: TODO, login_hint: 'usr_b' });
  const { claims } = await verified(token.access_token, server.url);
  assert.equal(claims.sub, 'usr_b');
});

test('native redirect URIs: another loopback port, and a private-use scheme', async () => {
  const clientId = await client({ redirect_uris: ['http://127.0.0.1/callback'] });
  const response = await authorize(metadata, clientId, {
    scope: 'todo:read', resource: TODO, redirect_uri: REDIRECT_URI,
  });
  assert.ok(response.code);
  const cursor = await register(metadata, { redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback'] });
  assert.equal(cursor.status, 201);
});
