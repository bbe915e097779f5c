import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { start } from '../src/server.js';
import { REDIRECT_URI, authorize, metadataOf, redeem, signIn, verified } from './client.js';

const CLIENT_ID = 'https://client.example/mcp/client.json';
const DOCUMENT = {
  client_id: CLIENT_ID,
  client_name: 'a client without registration',
  redirect_uris: [REDIRECT_URI],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  scope: 'todo:read',
};

let server;
let metadata;
const fetched = [];
before(async () => {
  // oidc-provider reads client-id metadata documents from https URLs only: no loopback server can
  // serve one, so its fetch is substituted.
  const fetch = async (url) => {
    fetched.push(String(url));
    const known = { [CLIENT_ID]: DOCUMENT, 'https://client.example/forged.json': DOCUMENT };
    return known[url] ? Response.json(known[url]) : new Response('', { status: 404 });
  };
  server = await start({ fetch });
  metadata = await metadataOf(server.issuerOf('res_todo'));
});
after(() => server.stop());

test('an https client id is a client, without registration', async () => {
  const resource = 'http://127.0.0.1:9401/mcp';
  const response = await authorize(metadata, CLIENT_ID, { scope: 'todo:read', resource });
  assert.equal(response.iss, metadata.issuer);
  const token = await redeem(metadata, CLIENT_ID, response, { resource });
  const { claims } = await verified(token.access_token, server.url);
  assert.equal(claims.client_id, CLIENT_ID);
  assert.deepEqual(claims.aud, [resource, 'res_todo']);
  assert.deepEqual(fetched, [CLIENT_ID], 'the document was read once');
});

test('the scope of the document is not enforced either', async () => {
  const token = await signIn(metadata, CLIENT_ID, { scope: 'todo:read todo:delete' });
  const { claims } = await verified(token.access_token, server.url);
  assert.equal(claims.scope, 'todo:read todo:delete');
});

test('a document under another URL, or none, is no client', async () => {
  for (const id of ['https://client.example/forged.json', 'https://client.example/missing.json']) {
    const response = await authorize(metadata, id, { scope: 'todo:read' });
    assert.equal(response.code, undefined, id);
  }
});
