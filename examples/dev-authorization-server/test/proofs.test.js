// What a later resource server needs: DPoP-bound tokens, and introspection of opaque ones.

import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { test } from 'node:test';

import { start } from '../src/server.js';
import { authorize, metadataOf, redeem, register, requestToken, signIn, verified } from './client.js';

test('a DPoP proof binds the token to its key', async (t) => {
  const server = await start();
  t.after(() => server.stop());
  const metadata = await metadataOf(server.issuerOf('res_todo'));
  const { client_id: clientId } = await register(metadata);
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { kty, crv, x, y } = publicKey.export({ format: 'jwk' });

  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = [
    { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } },
    { jti: randomUUID(), htm: 'POST', htu: metadata.token_endpoint, iat: Math.floor(Date.now() / 1000) },
  ].map(encode).join('.');
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  const DPoP = `${input}.${signature.toString('base64url')}`;

  const response = await authorize(metadata, clientId, { scope: 'todo:read' });
  const token = await redeem(metadata, clientId, response, {}, { DPoP });
  assert.equal(token.token_type, 'DPoP');
  const { claims } = await verified(token.access_token, server.url);
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  assert.equal(claims.cnf.jkt, thumbprint);
});

test('introspection answers for opaque tokens what a JWT would have said', async (t) => {
  const server = await start({ accessTokenFormat: 'opaque' });
  t.after(() => server.stop());
  const metadata = await metadataOf(server.issuerOf('res_todo'));
  const { client_id: clientId } = await register(metadata);
  const resource = 'http://127.0.0.1:9401';
  const { access_token } = await signIn(metadata, clientId, { scope: 'todo:read', resource });
  assert.equal(access_token.split('.').length, 1);

  const introspector = await register(metadata, { token_endpoint_auth_method: 'client_secret_post' });
  const introspect = (token) => requestToken({ token_endpoint: metadata.introspection_endpoint }, {
    token, client_id: introspector.client_id, client_secret: introspector.client_secret,
  });
  const body = await introspect(access_token);
  assert.equal(body.active, true);
  assert.equal(body.iss, server.url);
  assert.deepEqual(body.aud, [resource, 'res_todo']);
  assert.equal(body.scope, 'todo:read');
  assert.equal(body.sub, 'usr_dev');
  assert.equal(body.client_id, clientId);
  assert.equal((await introspect('unknown')).active, false);
});
