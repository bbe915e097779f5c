import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { start } from '../src/server.js';
import { metadataOf, register, requestToken, signIn, verified } from './client.js';

const SCOPE = { scope: 'todo:read offline_access', prompt: 'consent' };

let server;
let metadata;
let clientId;
before(async () => {
  server = await start();
  metadata = await metadataOf(server.issuerOf('res_todo'));
  clientId = (await register(metadata)).client_id;
});
after(() => server.stop());

const published = async () => {
  const { keys } = await (await fetch(`${server.url}/keys`)).json();
  return keys.map(({ kid }) => kid);
};
const token = async () => (await signIn(metadata, clientId, SCOPE)).access_token;
const rotate = async (query = '', headers = {}) =>
  fetch(`${server.url}/dev/rotate${query}`, { method: 'POST', headers });

test('rotation: the new key signs, the old one stays published', async () => {
  const before = await token();
  const answer = await (await rotate()).json();
  assert.deepEqual(await published(), answer.published);
  assert.equal(answer.published.length, 2);
  const { header } = await verified(await token(), server.url);
  assert.equal(header.kid, answer.kid);
  await verified(before, server.url);
});

test('rotation with retire: the old keys are withdrawn', async () => {
  const before = await token();
  const answer = await (await rotate('?retire=true')).json();
  assert.deepEqual(await published(), [answer.kid]);
  await assert.rejects(verified(before, server.url), /not published/);
  await verified(await token(), server.url);
});

test('rotation leaves clients and refresh tokens as they were', async () => {
  const { refresh_token } = await signIn(metadata, clientId, SCOPE);
  const { kid } = await server.rotate({ retire: true });
  const refreshed = await requestToken(metadata, {
    grant_type: 'refresh_token', client_id: clientId, refresh_token,
  });
  const { header } = await verified(refreshed.access_token, server.url);
  assert.equal(header.kid, kid);
});

test('no web page can rotate the keys', async () => {
  assert.equal((await rotate('', { Origin: 'http://localhost:6274' })).status, 403);
  assert.equal((await fetch(`${server.url}/dev/rotate`)).status, 403);
});

test('stopped and started again on the same port with the same keys and clients', async () => {
  const before = await token();
  const { port, state, url } = server;
  await server.stop();
  await assert.rejects(fetch(`${url}/keys`));
  server = await start({ port, state });
  assert.equal(server.url, url);
  await verified(before, url);
  await verified(await token(), url);
});
