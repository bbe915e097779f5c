// The Fastify adapter: the guard, what a route needs, and operations judged on the body that is parsed.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import http2 from 'node:http2'
import net from 'node:net'
import { Readable, pipeline } from 'node:stream'
import test from 'node:test'
import { createGunzip, gzipSync } from 'node:zlib'

import Fastify from 'fastify'
import { AccessToken, Guard, Issuers, OperationGuard, OperationPolicy, Requirement, ResourceServer } from 'mcp-bearer'
import { operations, protect, requirement, requireScope } from 'mcp-bearer/fastify'
import { ISSUER, JSON_TYPE, RESOURCE, call, newIssuer, newServer, send } from './kit.mjs'

const as = newIssuer()
const authorization = claims => ['Authorization', as.bearer(claims)]
const METADATA = '/.well-known/oauth-protected-resource/mcp'
const POLICY = { base: 'todo:read', tools: { list_todos: 'todo:read', delete_todo: 'todo:delete' }, bodyLimit: 128 * 1024 }
const policy = new OperationPolicy(POLICY)

/** Serves an app for the time of a test; returns the base URL. */
async function serve(t, app) {
  t.after(() => app.close())
  return app.listen({ port: 0, host: '127.0.0.1' })
}

function todoApp(server = newServer(as, { scopesSupported: ['todo:read'] })) {
  const app = Fastify({ forceCloseConnections: true })
  app.register(protect(server, { publicRoutes: ['/health'] }))
  app.get('/health', async request => ({ token: request.accessToken ?? null, auth: request.auth ?? null }))
  app.get('/todos', { onRequest: requireScope('todo:read') }, async request => ({ sub: request.accessToken.subject }))
  app.get('/staff', { onRequest: requirement(Requirement.claimContains('roles', 'staff')) }, async () => ({}))
  app.get('/me', async request => request.auth)
  return app
}

/** An MCP route that answers with what Fastify has parsed, and counts what reaches it. */
function mcpApp(gate = operations(policy), { server = newServer(as), before, seen = [] } = {}) {
  const app = Fastify({ forceCloseConnections: true })
  if (server !== null) app.register(protect(server))
  if (before !== undefined) app.addHook('preParsing', before)
  app.route({
    method: ['GET', 'POST', 'OPTIONS'],
    url: '/mcp',
    preParsing: gate,
    handler: async request => {
      seen.push(request.body)
      return { body: request.body ?? null, sub: request.raw.auth?.extra.claims.sub ?? null }
    },
  })
  return app
}

const poster = url => (body, headers = [...JSON_TYPE, ...authorization({ scope: 'todo:read' })]) =>
  send(`${url}/mcp`, { method: 'POST', headers, body })

test('one registration protects everything and serves the metadata', async t => {
  const url = await serve(t, todoApp())
  for (const path of ['/todos', '/unknown', '/todos/.well-known', '/HEALTH', '/health/', '/?access_token=x']) {
    const { status, headers } = await send(url + path)
    assert.equal(status, 401, path)
    assert.match(headers['www-authenticate'], /^Bearer resource_metadata=/)
    assert.equal(headers['content-type'], 'application/json')
  }
  assert.equal((await send(`${url}/unknown`, { headers: authorization() })).status, 404)
  assert.deepEqual(JSON.parse((await send(`${url}/health`)).text), { token: null, auth: null })
  for (const path of [METADATA, '/.well-known/oauth-protected-resource']) {
    const { status, text, headers } = await send(url + path)
    assert.equal(status, 200)
    assert.equal(JSON.parse(text).resource, RESOURCE)
    assert.equal(headers['access-control-allow-origin'], '*')
    const same = await send(url + path, { headers: ['If-None-Match', headers.etag] })
    assert.deepEqual([same.status, same.text, same.headers['content-type']], [304, '', undefined])
    assert.equal((await send(url + path, { method: 'HEAD' })).status, 200)
    assert.equal((await send(url + path, { method: 'POST' })).status, 405)
  }
})

test('routes that were declared before are protected, and so are those of plugins', async t => {
  const app = Fastify()
  app.get('/before', async () => 'open')
  app.register(protect(newServer(as)))
  app.register(async scope => scope.get('/inner', async request => request.accessToken.subject), { prefix: '/plugin' })
  const url = await serve(t, app)
  for (const path of ['/before', '/plugin/inner', '/plugin/unknown']) assert.equal((await send(url + path)).status, 401, path)
  assert.equal((await send(`${url}/plugin/inner`, { headers: authorization() })).text, 'alice')
})

test("a route's scope is needed and the caller is there", async t => {
  const url = await serve(t, todoApp())
  const good = await send(`${url}/todos`, { headers: authorization({ scope: 'todo:read' }) })
  assert.deepEqual([good.status, good.text], [200, '{"sub":"alice"}'])
  const lacking = await send(`${url}/todos`, { headers: authorization({ scope: 'x' }) })
  assert.equal(lacking.status, 403)
  assert.match(lacking.headers['www-authenticate'], /error="insufficient_scope".*scope="todo:read".*resource_metadata=/)
  assert.equal(lacking.headers['cache-control'], 'no-store')
  assert.equal((await send(`${url}/staff`, { headers: authorization({ roles: ['staff'] }) })).status, 200)
  assert.equal((await send(`${url}/staff`, { headers: authorization({ roles: ['other'] }) })).status, 403)
  const me = JSON.parse((await send(`${url}/me`, { headers: authorization({ scope: 'a b', client_id: undefined }) })).text)
  assert.deepEqual([me.clientId, me.scopes, me.resource, me.extra.claims.sub], ['', ['a', 'b'], RESOURCE, 'alice'])
})

test('every Authorization field counts', async t => {
  const url = await serve(t, todoApp())
  const [name, value] = authorization({ scope: 'todo:read' })
  for (const headers of [[name, value, name, value], [name, value, 'AUTHORIZATION', 'Basic x'], [name, `${value}, Bearer x`]]) {
    assert.equal((await send(`${url}/todos`, { headers })).status, 400)
  }
})

test('what the client asked for counts where the application rewrites it', async t => {
  const app = Fastify({ rewriteUrl: () => '/health' })
  app.register(protect(newServer(as), { publicRoutes: ['/health'] }))
  app.get('/health', async () => 'up')
  const url = await serve(t, app)
  assert.equal((await send(`${url}/todos`)).status, 401)
  assert.equal((await send(url + METADATA)).status, 200)
  assert.equal((await send(`${url}/health`)).text, 'up')
})

test('the CORS of the application holds, and nothing else that it has set', async t => {
  const app = Fastify()
  app.addHook('onRequest', async (request, reply) => {
    reply.header('Access-Control-Allow-Origin', 'https://app.example.com')
    reply.header('Access-Control-Expose-Headers', 'Mcp-Session-Id')
    reply.header('Cache-Control', 'public')
  })
  app.register(protect(newServer(as)))
  app.options('/todos', async (request, reply) => reply.code(204).send())
  const url = await serve(t, app)
  const denied = await send(`${url}/todos`)
  assert.equal(denied.headers['access-control-allow-origin'], 'https://app.example.com')
  assert.equal(denied.headers['access-control-expose-headers'], 'Mcp-Session-Id, WWW-Authenticate, Retry-After')
  assert.equal(denied.headers['cache-control'], 'no-store')
  assert.equal((await send(url + METADATA)).headers['access-control-allow-origin'], 'https://app.example.com')
  const preflight = ['Origin', 'https://app.example.com', 'Access-Control-Request-Method', 'POST']
  assert.equal((await send(`${url}/todos`, { method: 'OPTIONS', headers: preflight })).status, 204)
  assert.equal((await send(`${url}/todos`, { method: 'OPTIONS' })).status, 401)
})

/** Keys that come only when every request has arrived whole, if they come. */
function slowServer(up = true) {
  const fetch = async () => {
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
    if (!up) throw new TypeError('fetch failed')
    return { status: 200, body: Buffer.from(JSON.stringify(as.jwks)) }
  }
  const issuers = new Issuers([{ issuer: ISSUER, jwksUri: `${ISSUER}/keys` }], { fetch })
  return new ResourceServer({ resource: RESOURCE, issuers })
}

test('keys that have to be fetched, and 503 without them', async t => {
  const headers = authorization({ scope: 'todo:read' })
  const down = await send(`${await serve(t, todoApp(slowServer(false)))}/todos`, { headers })
  assert.equal(down.status, 503)
  assert.ok(Number(down.headers['retry-after']) >= 1)
  assert.equal((await send(`${await serve(t, todoApp(slowServer()))}/todos`, { headers })).status, 200)
})

test('nothing runs after a refusal, however long the hooks of others take', async t => {
  const seen = []
  const app = mcpApp(operations(policy), { seen })
  app.get('/me', async () => seen.push('me'))
  app.get('/todos', { onRequest: requireScope('todo:read') }, async () => seen.push('todos'))
  app.addHook('preHandler', async () => seen.push('preHandler'))
  app.addHook('onSend', () => new Promise(resolve => setImmediate(resolve)))
  const url = await serve(t, app)
  const post = poster(url)
  assert.equal((await post(call('list_todos'), JSON_TYPE)).status, 401)
  assert.equal((await post(call('delete_todo'))).status, 403)
  for (const path of ['/me', '/todos', '/unknown']) assert.equal((await send(url + path)).status, 401)
  assert.equal((await send(`${url}/todos`, { headers: authorization() })).status, 403)
  assert.deepEqual(seen, [])
})

test('the handler gets what was judged', async t => {
  const seen = []
  const url = await serve(t, mcpApp(operations(policy), { seen }))
  const post = poster(url)
  for (const size of [1, 5000, 60_000]) {
    const body = call('list_todos', { text: 'ä'.repeat(size / 2) })
    assert.deepEqual(JSON.parse((await post(body)).text), { body: JSON.parse(body), sub: 'alice' })
  }
  assert.equal(seen.length, 3)
  const refused = await post(call('delete_todo'))
  assert.equal(refused.status, 403)
  assert.match(refused.headers['www-authenticate'], /insufficient_scope.*scope="todo:read todo:delete"/)
  const typed = type => ['Content-Type', type, ...authorization({ scope: 'todo:read' })]
  const gzip = [...typed('application/json'), 'Content-Encoding', 'gzip']
  assert.equal((await post(gzipSync(call('list_todos')), gzip)).status, 415)
  assert.equal((await post(call('list_todos'), typed('text/plain'))).status, 415)
  assert.equal((await post(call('list_todos'), typed('application/json; charset=utf-7'))).status, 415)
  assert.equal((await post(call('unlisted'))).status, 403)
  assert.equal((await post(`[${call('list_todos')},${call('delete_todo')}]`)).status, 403)
  assert.equal((await post(call('list_todos', { x: 'y'.repeat(140_000) }))).status, 413)
  for (const body of ['', '{bad', `\ufeff${call('list_todos')}`]) assert.equal((await post(body)).status, 400)
  assert.equal((await send(`${url}/mcp`, { headers: authorization() })).status, 403)
  assert.equal(seen.length, 3)
  assert.equal((await send(`${url}/mcp`, { headers: authorization({ scope: 'todo:read' }) })).status, 200)
})

test('a body under another name than POST reaches no handler', async t => {
  const app = Fastify({ forceCloseConnections: true })
  app.register(protect(newServer(as)))
  const handler = async request => ({ body: request.body ?? null })
  app.route({ method: ['GET', 'OPTIONS', 'PUT', 'PATCH', 'DELETE'], url: '/mcp', preParsing: operations(policy), handler })
  const url = await serve(t, app)
  const headers = [...JSON_TYPE, ...authorization({ scope: 'todo:read' })]
  const preflight = ['Origin', 'https://app.example.com', 'Access-Control-Request-Method', 'POST']
  const body = call('list_todos')
  const framed = [...headers, 'Content-Length', String(body.length)]
  for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
    assert.equal((await send(`${url}/mcp`, { method, headers: framed, body })).status, 415, method)
  }
  assert.equal((await send(`${url}/mcp`, { headers })).text, '{"body":null}')
  assert.equal((await send(`${url}/mcp`, { method: 'OPTIONS', headers: preflight })).status, 200)
  const withBody = [...preflight, ...JSON_TYPE, 'Content-Length', String(body.length)]
  assert.equal((await send(`${url}/mcp`, { method: 'OPTIONS', headers: withBody, body })).status, 401)
})

test('a raw reader gets exactly the judged bytes', async t => {
  const app = Fastify()
  app.register(protect(newServer(as)))
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (request, payload, done) => done(null))
  app.post('/mcp', { preParsing: operations(policy) }, async ({ raw }) => Buffer.concat(await raw.toArray()).toString())
  const post = poster(await serve(t, app))
  const body = call('list_todos', { text: 'ä'.repeat(30_000) })
  assert.equal((await post(body)).text, body)
})

test('a body that comes in pieces is judged whole, and one without end at the limit', async t => {
  const { port } = new URL(await serve(t, mcpApp()))
  const headers = { Authorization: as.bearer({ scope: 'todo:read' }), 'Content-Type': 'application/json' }
  const open = () => http.request({ port, path: '/mcp', method: 'POST', headers, agent: false }).on('error', () => {})
  const pieces = open()
  for (const char of call('list_todos')) {
    pieces.write(char)
    await new Promise(setImmediate)
  }
  pieces.end()
  assert.equal((await once(pieces, 'response'))[0].statusCode, 200)
  const endless = open()
  t.after(() => endless.destroy())
  endless.write(' '.repeat(200_000))
  assert.equal((await once(endless, 'response'))[0].statusCode, 413)
})

test('a client that sends all of its upload before it reads gets the refusal', { timeout: 30_000 }, async t => {
  const { port } = new URL(await serve(t, mcpApp()))
  const agent = new http.Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  const headers = { Authorization: as.bearer({ scope: 'todo:read' }), 'Content-Type': 'application/json' }
  const upload = http.request({ port, path: '/mcp', method: 'POST', headers, agent })
  const answered = once(upload, 'response')
  upload.end(' '.repeat(20_000_000))
  await once(upload, 'finish')
  assert.equal((await answered)[0].statusCode, 413)
})

test('a client that goes away while sending hurts nobody', async t => {
  const seen = []
  const url = await serve(t, mcpApp(operations(policy), { seen }))
  const socket = net.connect(new URL(url).port, '127.0.0.1')
  socket.write(`POST /mcp HTTP/1.1\r\nHost: x\r\nAuthorization: ${as.bearer({ scope: 'todo:read' })}\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"json`)
  await new Promise(resolve => socket.write(' ', resolve))
  socket.destroy()
  assert.equal((await poster(url)(call('list_todos'))).status, 200)
  assert.equal(seen.length, 1)
})

for (const [body, status] of [['', 400], [call('list_todos'), 200], [call('delete_todo'), 403], [call('list_todos', { x: 'y'.repeat(140_000) }), 413]]) {
  test(`${body.length} bytes that arrive while the keys are fetched`, async t => {
    const url = await serve(t, mcpApp(operations(policy, { server: slowServer() }), { server: null }))
    assert.equal((await poster(url)(body)).status, status)
  })
}

test('what another hook has made of the body is judged, since it is what is parsed', async t => {
  const [listing, deleting] = [`${call('list_todos')} `, call('delete_todo')]
  for (const [sent, made, status] of [[deleting, listing, 200], [listing, deleting, 403]]) {
    const before = async () => Readable.from([made], { objectMode: false })
    const answer = await poster(await serve(t, mcpApp(operations(policy), { before })))(sent)
    assert.equal(answer.status, status)
    if (status === 200) assert.equal(JSON.parse(answer.text).body.params.name, 'list_todos')
  }
})

test('a body that another hook could not make out is refused, and hurts nobody', { timeout: 30_000 }, async t => {
  const hooks = [
    async (request, reply, payload) => payload.pipe(createGunzip()),
    async (request, reply, payload) => pipeline(payload, createGunzip(), () => {}),
  ]
  for (const before of hooks) {
    for (const server of [newServer(as), slowServer()]) {
      const post = poster(await serve(t, mcpApp(operations(policy), { before, server })))
      for (const body of [call('list_todos'), call('list_todos')]) assert.equal((await post(body)).status, 400)
    }
  }
})

test('requests of app.inject are as good as others', async () => {
  const app = mcpApp()
  app.get('/me', async request => request.accessToken.subject)
  const headers = { authorization: as.bearer({ scope: 'todo:read' }), 'content-type': 'application/json' }
  assert.equal((await app.inject('/me')).statusCode, 401)
  assert.equal((await app.inject({ url: '/me', headers })).body, 'alice')
  for (const [payload, status] of [[call('list_todos'), 200], [call('delete_todo'), 403], ['', 400], [' '.repeat(140_000), 413]]) {
    assert.equal((await app.inject({ method: 'POST', url: '/mcp', headers, payload })).statusCode, status)
  }
})

test('HTTP/2', async t => {
  const app = Fastify({ http2: true, forceCloseConnections: true })
  app.register(protect(newServer(as)))
  const named = async request => ({ tool: request.body?.params.name, sub: request.auth.extra.claims.sub })
  app.route({ method: ['GET', 'PUT', 'POST'], url: '/mcp', preParsing: operations(policy), handler: named })
  const session = http2.connect(await serve(t, app))
  t.after(() => session.close())
  const post = async (body, headers, method = 'POST') => {
    const endStream = body === undefined
    const stream = session.request({ ':method': method, ':path': '/mcp', 'content-type': 'application/json', ...headers }, { endStream })
    stream.end(body)
    const [{ ':status': status }] = await once(stream, 'response')
    return { status, text: Buffer.concat(await stream.toArray()).toString() }
  }
  const headers = { authorization: as.bearer({ scope: 'todo:read' }) }
  assert.equal((await post(call('list_todos'))).status, 401)
  assert.equal((await post(call('delete_todo'), headers)).status, 403)
  assert.equal((await post(call('list_todos'), headers)).text, '{"tool":"list_todos","sub":"alice"}')
  // No field says that there is a body.
  for (const method of ['GET', 'PUT']) assert.equal((await post(call('list_todos'), headers, method)).status, 415)
  assert.equal((await post(undefined, headers, 'GET')).text, '{"sub":"alice"}')
})

test('operations alone authenticates, and knows what is public', async t => {
  const lazy = new OperationPolicy({ tools: { list_todos: 'todo:read' }, publicMethods: ['tools/list'] })
  const alone = await serve(t, mcpApp(operations(lazy, { server: newServer(as) }), { server: null }))
  const app = mcpApp(operations(lazy), { server: null })
  app.register(protect(newServer(as), { publicRoutes: ['/mcp'] }))
  for (const url of [alone, await serve(t, app)]) {
    const post = poster(url)
    const list = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    assert.deepEqual(JSON.parse((await post(list, JSON_TYPE)).text), { body: JSON.parse(list), sub: null })
    assert.equal(JSON.parse((await post(list)).text).sub, 'alice')
    assert.equal((await post(list, [...JSON_TYPE, 'Authorization', 'Bearer bad'])).status, 401)
    assert.equal((await post(call('list_todos'), JSON_TYPE)).status, 401)
    assert.equal((await post(call('list_todos'))).status, 200)
    const preflight = ['Origin', 'https://app.example.com', 'Access-Control-Request-Method', 'POST']
    assert.equal((await send(`${url}/mcp`, { method: 'OPTIONS', headers: preflight })).status, 200)
  }
})

test('operations takes the token that the guard left, if it is for the same server', async t => {
  const left = []
  const note = async request => {
    left.push(request.accessToken)
  }
  const app = mcpApp(operations(policy), { before: note })
  app.addHook('preHandler', note)
  assert.equal((await poster(await serve(t, app))(call('list_todos'))).status, 200)
  assert.ok(left[0] instanceof AccessToken && left[0] === left[1])
  const other = newServer(as, { resource: 'https://other.example.com/mcp' })
  const strict = await serve(t, mcpApp(operations(policy, { server: other })))
  assert.equal((await poster(strict)(call('list_todos'))).status, 401)
})

test('fields of authentication are on every response', async t => {
  // What the core does not say yet.
  const server = newServer(as)
  const { token } = server.tryAuthenticate({ method: 'GET', url: '/', rawHeaders: authorization() })
  const entry = { kind: 'authenticated', token, responseHeaders: [['dpop-nonce', '1']] }
  t.mock.method(Guard.prototype, 'tryEnter', () => entry)
  t.mock.method(OperationGuard.prototype, 'tryEnter', () => entry)
  const app = Fastify()
  app.register(protect(server))
  app.get('/me', async request => request.accessToken.subject)
  app.get('/hijacked', (request, reply) => {
    reply.hijack()
    reply.raw.end()
  })
  const alone = Fastify()
  alone.get('/alone', { preParsing: operations(new OperationPolicy({ base: 'b' }), { server }) }, async () => 'x')
  const [url, aloneUrl] = [await serve(t, app), await serve(t, alone)]
  for (const [path, status] of [[`${url}/me`, 200], [`${url}/hijacked`, 200], [`${aloneUrl}/alone`, 403]]) {
    const answer = await send(path)
    assert.deepEqual([answer.status, answer.headers['dpop-nonce']], [status, '1'])
  }
})

test('an entry that is not known lets nobody in', async t => {
  t.mock.method(Guard.prototype, 'tryEnter', () => ({ kind: 'anonymous' }))
  t.mock.method(OperationGuard.prototype, 'tryEnter', () => ({ kind: 'something new' }))
  assert.equal((await send(`${await serve(t, todoApp())}/me`)).status, 500)
  assert.equal((await send(`${await serve(t, mcpApp(operations(policy, { server: newServer(as) }), { server: null }))}/mcp`)).status, 500)
})

test('a setup that cannot work says so', async t => {
  const reported = async (app, request) => {
    let message
    app.setErrorHandler((error, request, reply) => {
      message = error.message
      reply.code(500).send()
    })
    assert.equal((await request(await serve(t, app))).status, 500)
    return message
  }
  const bare = Fastify()
  bare.get('/todos', { onRequest: requireScope('todo:read') }, async () => ({}))
  assert.match(await reported(bare, url => send(`${url}/todos`, { headers: authorization({ scope: 'todo:read' }) })), /install protect/)
  const post = url => poster(url)(call('list_todos'))
  const gone = mcpApp(operations(policy), { before: async ({ raw }) => void (await raw.toArray()) })
  assert.match(await reported(gone, post), /read before operations/)
  assert.throws(() => requireScope('a b'), { code: 'ERR_MCP_BEARER_CONFIG' })
})
