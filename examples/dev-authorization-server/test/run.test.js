import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { parseResources } from '../src/resources.js';
import { start } from '../src/server.js';
import { metadataOf, register, signIn, verified } from './client.js';

test('the run script serves what its environment says, and ends when told', async (t) => {
  const run = spawn(fileURLToPath(new URL('../run', import.meta.url)), {
    env: { ...process.env, PORT: '0', RESOURCES: 'res_a=http://127.0.0.1:9401 res_b', ACCESS_TOKEN_TTL: '2' },
  });
  t.after(() => run.kill('SIGKILL'));
  const [line] = await once(createInterface({ input: run.stdout }), 'line');
  const environment = line.replace('SCALEKIT_ENVIRONMENT_URL=', '');

  const metadata = await metadataOf(`${environment}/resources/res_b`);
  const resource = 'http://127.0.0.1:9402/mcp';
  const { client_id: clientId } = await register(metadata);
  const { access_token } = await signIn(metadata, clientId, { scope: 'todo:read', resource });
  const { claims } = await verified(access_token, environment);
  assert.deepEqual(claims.aud, [resource, 'res_b']);
  assert.equal(claims.exp - claims.iat, 2);

  run.kill('SIGTERM');
  assert.deepEqual(await once(run, 'exit'), [0, null]);
});

test('the README gets a token with curl', async (t) => {
  const resource = 'http://127.0.0.1:3000/mcp';
  const server = await start({ resources: { res_todo: resource } });
  t.after(() => server.stop());
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const [, script] = readme.match(/```bash\n(SERVER=.*?)```/s);
  const ours = script.replace('http://127.0.0.1:9400', server.url);
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', `${ours}\necho "$TOKEN"`]);
  const { claims } = await verified(stdout.trim(), server.url);
  assert.deepEqual([claims.aud, claims.scopes], [[resource, 'res_todo'], ['todo:read']]);
});

test('the resources come from RESOURCES, or from RESOURCE_ID and MCP_SERVER_URL', () => {
  assert.deepEqual(parseResources({}), { res_todo: undefined });
  assert.deepEqual(parseResources({ RESOURCE_ID: 'a', MCP_SERVER_URL: 'http://b' }), { a: 'http://b' });
  assert.deepEqual(parseResources({ RESOURCES: 'a=http://b c' }), { a: 'http://b', c: undefined });
  assert.throws(() => parseResources({ RESOURCES: '=http://b' }), /RESOURCES/);
});

test('the lifetime of tokens can change while it runs', async (t) => {
  const server = await start();
  t.after(() => server.stop());
  const metadata = await metadataOf(server.issuerOf('res_todo'));
  const { client_id: clientId } = await register(metadata);
  server.accessTokenTtl = 3;
  const { access_token, expires_in } = await signIn(metadata, clientId, { scope: 'todo:read' });
  const { claims } = await verified(access_token, server.url);
  assert.equal(claims.exp - claims.iat, 3);
  assert.equal(expires_in, 3);
});
