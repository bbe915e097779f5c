// What one client does with one server, and what has to come over the wire: the eleven steps of the
// quickstart's diagram, a refused tool, step-up, expiry and refresh, rotated signing keys.

import { setTimeout as sleep } from 'node:timers/promises';

import { bearerOf, kindOf, operationOf, parseChallenge, parseToken, scopesOf } from './wire.mjs';

const BASE_SCOPE = 'todo:read';
// Seconds. Only the token that has to expire is short, or a slow machine loses others half way.
const SHORT_LIFE = 3;
const LONG_LIFE = 60;
const TODO = { title: 'write the demo' };

/**
 * @param {object} run
 * @param {import('./processes.mjs').Driver} run.driver
 * @param {import('./narrator.mjs').Narrator} run.narrator
 * @param {{ request: object, response: object, at: number }[]} run.wire  grows as the client works
 * @param {string} run.resource  MCP_SERVER_URL
 * @param {string} run.resourceId
 * @param {string} run.environment  the URL of the authorization server
 * @param {(seconds: number) => void} run.setTokenLifetime
 * @param {() => number} run.keyReads  how often the MCP server has read the keys
 */
export async function runScenario(run) {
  heading('discovery, registration, authorization, the first call');
  run.setTokenLifetime(LONG_LIFE);
  await firstCall(run);
  heading('a tool that the token does not cover');
  run.setTokenLifetime(SHORT_LIFE);
  const todo = await stepUp(run);
  heading('the token expires');
  run.setTokenLifetime(LONG_LIFE);
  await expiry(run);
  heading('the signing keys are rotated');
  await rotation(run, todo);
  await run.driver.do({ do: 'close' });
}

async function firstCall({ driver, narrator, wire, resource, resourceId, environment, keyReads }) {
  const { protocolVersion } = await driver.do({ do: 'connect' });
  narrator.say('', `connected, protocol ${protocolVersion}`);
  const todos = await call(driver, 'list_todos', {});

  const endpoint = new URL(resource);
  const issuer = `${environment}/resources/${resourceId}`;
  const first = (kind) => wire.find(({ request }) => kindOf(request, endpoint) === kind);

  const refused = first('mcp');
  const challenge = parseChallenge(refused.response.challenge);
  check(refused.response.status === 401, 'the first request, without a token, is answered 401');
  check(challenge && !('error' in challenge), 'its challenge has no error: no credentials were sent');
  check(challenge.scope === BASE_SCOPE, `its challenge asks for ${BASE_SCOPE} only`);
  check(challenge.resource_metadata === metadataUrl(resource), 'its challenge names the metadata document');

  const document = JSON.parse(first('resource metadata').response.body);
  check(document.resource === resource, 'the resource is MCP_SERVER_URL, byte for byte');
  check(document.authorization_servers[0] === issuer, 'it names <env>/resources/<id>');
  check(JSON.parse(first('metadata').response.body).issuer === issuer, 'the metadata has that issuer');
  check(first('registration').response.status === 201, 'the client registered itself');

  const asked = new URL(first('authorization').request.url).searchParams;
  const answered = new URL(first('authorization').response.location).searchParams;
  check(asked.get('code_challenge_method') === 'S256', 'PKCE');
  check(sameResource(asked.get('resource'), resource), 'the resource indicator is the MCP server');
  check(!scopesOf(asked.get('scope')).includes('todo:write'), 'only the challenged scope was asked for');
  check(answered.get('iss') === issuer, 'RFC 9207: iss is the issuer of the metadata');

  const { header, claims } = grantedToken(first('token'));
  check(header.typ === 'at+jwt' && claims.iss === environment, 'an RFC 9068 token that names <env>');
  check(claims.aud.includes(resourceId) && claims.aud.some((aud) => sameResource(aud, resource)),
    'its audience is the resource, by id and by URL');
  check(claims.scope === BASE_SCOPE, `it carries ${BASE_SCOPE}`);
  check(keyReads() === 1, `the server read the keys once, not ${keyReads()} times`);
  check(Array.isArray(todos) && todos.length === 0, 'list_todos answers an empty list');
  const missing = Array.from({ length: 11 }, (_, i) => i + 1).filter((step) => !narrator.steps.has(step));
  check(missing.length === 0, `steps ${missing} of the diagram were not seen`);
  confirm('the eleven steps of the quickstart');
}

async function stepUp({ driver, wire, resource }) {
  const since = wire.length;
  const todo = await call(driver, 'create_todo', TODO);
  const seen = wire.slice(since);
  checkRefusal(seen, 'create_todo', 'todo:write', resource);
  checkUnion(seen, resource, ['todo:read', 'todo:write']);
  check(todo.title === TODO.title && todo.id !== undefined, 'create_todo answers the todo');
  confirm('refused with 403, re-authorized for the union, and created');
  return todo;
}

async function expiry({ driver, narrator, wire, resource }) {
  const issued = wire.findLast(({ request }) => kindOf(request, new URL(resource)) === 'token');
  const { token, claims } = grantedToken(issued);
  // The server counts from `iat`, in whole seconds; a client from when it received the token.
  const end = Math.max(claims.exp * 1000, issued.at + (claims.exp - claims.iat) * 1000) + 500;
  narrator.say('', `waiting ${((end - Date.now()) / 1000).toFixed(1)} s`);
  await sleep(Math.max(0, end - Date.now()));

  const refused = await post(resource, token);
  narrator.say('', `the expired token: ${refused.status} ${refused.challenge}`);
  check(refused.status === 401, 'an expired token is answered 401, with no leeway');
  check(parseChallenge(refused.challenge).error === 'invalid_token', 'with error="invalid_token"');

  const since = wire.length;
  const todos = await call(driver, 'list_todos', {});
  check(todos.length === 1 && todos[0].title === TODO.title, 'list_todos shows the todo');
  const seen = wire.slice(since).map(({ request }) => request);
  const kinds = seen.map((request) => kindOf(request, new URL(resource)));
  const grants = seen.filter((_, i) => kinds[i] === 'token').map((r) => new URLSearchParams(r.body).get('grant_type'));
  check(grants.includes('refresh_token'), 'the client refreshed');
  check(!kinds.includes('authorization'), 'without another authorization');
  confirm('expired, refreshed without a person, and served: the first scope was kept as well');
}

async function rotation({ driver, narrator, wire, resource, environment, keyReads }, todo) {
  const old = bearerOf(wire.findLast(({ request }) => request.authorization).request);
  const readsBefore = keyReads();
  const rotated = await (await fetch(`${environment}/dev/rotate?retire=true`, { method: 'POST' })).json();
  narrator.say('', `POST /dev/rotate?retire=true: only ${rotated.published} is published now`);

  const since = wire.length;
  const deleted = await call(driver, 'delete_todo', { id: todo.id });
  const seen = wire.slice(since);
  checkRefusal(seen, 'delete_todo', 'todo:delete', resource);
  checkUnion(seen, resource, ['todo:read', 'todo:write', 'todo:delete']);
  check(deleted.success === true, 'delete_todo answers success');
  const last = seen.findLast(({ request }) => request.authorization);
  check(parseToken(bearerOf(last.request)).header.kid === rotated.kid, 'with a token of the new key');
  check(keyReads() === readsBefore + 1, 'for which the server read the keys once more');
  confirm('the server followed the rotation, without a restart');

  const refused = await post(resource, old);
  narrator.say('', `a token of the withdrawn key: ${refused.status} ${refused.challenge}`);
  check(refused.status === 401, 'a token of the withdrawn key is refused');
  check((await call(driver, 'list_todos', {})).length === 0, 'and the list is empty again');
  confirm('the withdrawn key is worth nothing');
}

/** The JSON text of a tool's result. */
async function call(driver, tool, args) {
  const result = await driver.do({ do: 'call', tool, arguments: args });
  check(!result.isError, `${tool} failed: ${JSON.stringify(result)}`);
  return JSON.parse(result.content[0].text);
}

// One challenge, complete, and over HTTP: never a 200 with an error inside.
function checkRefusal(seen, tool, scope, resource) {
  const calls = seen.filter(({ request }) =>
    request.authorization && request.method === 'POST' && operationOf(request) === `tools/call ${tool}`);
  const refused = calls.find(({ response }) => response.status === 403);
  check(refused, `${tool} is first refused with 403`);
  const challenge = parseChallenge(refused.response.challenge);
  check(challenge?.error === 'insufficient_scope', 'with error="insufficient_scope"');
  check(challenge.scope === scope, `with scope="${scope}"`);
  check(challenge.resource_metadata === metadataUrl(resource), 'with resource_metadata');
  check(calls.at(-1).response.status === 200, `${tool} then succeeds`);
}

function checkUnion(seen, resource, scopes) {
  const of = (kind) => seen.filter(({ request }) => kindOf(request, new URL(resource)) === kind);
  const asked = scopesOf(new URL(of('authorization').at(-1)?.request.url ?? 'http://none').searchParams.get('scope'));
  check(scopes.every((scope) => asked.includes(scope)), `the client asked for ${scopes}, not only ${asked}`);
  const granted = scopesOf(grantedToken(of('token').at(-1)).claims.scope);
  check(scopes.every((scope) => granted.includes(scope)), `the token carries ${scopes}`);
}

function grantedToken({ response }) {
  return parseToken(JSON.parse(response.body).access_token);
}

async function post(resource, token) {
  const response = await fetch(resource, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  });
  return { status: response.status, challenge: response.headers.get('www-authenticate') };
}

/** RFC 9728, section 3.1: inserted between host and path; a slash alone is no path. */
export function metadataUrl(resource) {
  const { origin, pathname } = new URL(resource);
  return `${origin}/.well-known/oauth-protected-resource${pathname === '/' ? '' : pathname}`;
}

// Clients that pass an origin through a URL type add a slash.
function sameResource(indicator, resource) {
  return indicator === resource || indicator === `${resource}/`;
}

function check(condition, what) {
  if (!condition) throw new Error(`expected: ${what}`);
}

function heading(text) {
  console.log(`\n  ${text}`);
}

function confirm(text) {
  console.log(`    ok ${text}`);
}
