// The classes, as JavaScript sees them. What they decide is in tests/vectors.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import net from 'node:net'
import test from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { isExternal } from 'node:util/types'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Worker } from 'node:worker_threads'

import {
  AccessToken, ConfigError, Guard, Issuers, MetadataRoutes, OperationGuard, OperationPolicy, Requirement, ResourceServer,
  internalDenial,
} from 'mcp-bearer'
import { ISSUER, RESOURCE, call, newIssuer, newServer } from './kit.mjs'

const get = (...rawHeaders) => ({ method: 'GET', url: '/todos', rawHeaders })
const as = newIssuer()

test('a good token is allowed, at once and as a promise', async () => {
  const server = newServer(as)
  const request = get('authorization', as.bearer({ scope: 'todo:read' }))
  const needed = Requirement.scope('todo:read')
  for (const decision of [server.tryAuthorize(request, needed), await server.authorize(request, needed)]) {
    assert.equal(decision.allowed, true)
    assert.deepEqual(decision.responseHeaders, [])
    assert.ok(decision.token instanceof AccessToken)
  }
  for (const answer of [server.tryAuthenticate(request), await server.authenticate(request)]) {
    assert.equal(answer.authenticated, true)
  }
})

test('a refusal is a value, complete as a response', () => {
  const decision = newServer(as).tryAuthorize(get(), Requirement.scope('todo:read'))
  assert.equal(decision.allowed, false)
  assert.equal(decision.denial.reason, 'missing_token')
  assert.equal(decision.denial.status, 401)
  const challenge = decision.denial.headers.find(([name]) => name === 'www-authenticate')[1]
  assert.equal(
    challenge,
    'Bearer scope="todo:read", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"'
  )
  assert.equal(JSON.parse(decision.denial.body).error, 'unauthorized')
})

test('the token shows its claims and hides itself', () => {
  const secret = as.token({ scope: 'a b', jti: 'j', auth_time: 5, acr: 'high', amr: ['pwd'], roles: ['x'] })
  const { token } = newServer(as).tryAuthorize(get('Authorization', `bearer ${secret}`), Requirement.none())
  assert.equal(token.issuer, ISSUER)
  assert.equal(token.subject, 'alice')
  assert.equal(token.clientId, 'app')
  assert.deepEqual(token.audiences, [RESOURCE])
  assert.deepEqual(token.scopes, ['a', 'b'])
  assert.equal(token.expiresAt, token.claims.exp)
  assert.equal(token.issuedAt, token.claims.iat)
  assert.equal(token.jti, 'j')
  assert.equal(token.authTime, 5)
  assert.equal(token.acr, 'high')
  assert.deepEqual(token.amr, ['pwd'])
  assert.equal(token.confirmation, null)
  assert.deepEqual(token.claims.roles, ['x'])
  assert.equal(token.claims, token.claims)
  assert.equal(token.secret, secret)
  assert.ok(!JSON.stringify(token).includes(secret))
  assert.throws(() => new AccessToken())
})

test('the principal is a key', () => {
  const server = newServer(as)
  const principal = claims =>
    server.tryAuthenticate(get('Authorization', as.bearer(claims))).token.principal
  assert.equal(principal(), `["${ISSUER}","sub","alice"]`)
  assert.equal(principal({ jti: 'another', client_id: 'another' }), principal())
  assert.equal(principal({ sub: undefined }), `["${ISSUER}","client_id","app"]`)
  assert.equal(principal({ sub: undefined, client_id: undefined, azp: 'job' }), `["${ISSUER}","client_id","job"]`)
  assert.equal(principal({ sub: undefined, client_id: undefined }), null)
  assert.notEqual(principal({ sub: 'app' }), principal({ sub: undefined }))
  assert.deepEqual(JSON.parse(principal({ sub: '"],["\\' })), [ISSUER, 'sub', '"],["\\'])
})

test('permit keeps the token that it was given', () => {
  const server = newServer(as, { scopeHierarchy: { 'todo:admin': ['todo:write'] } })
  const { token } = server.tryAuthenticate(get('Authorization', as.bearer({ scope: 'todo:admin', roles: ['staff'] })))
  assert.equal(server.permit(token, Requirement.scope('todo:write')).token, token)
  assert.equal(server.permit(token, Requirement.anyOf(['x', 'todo:admin'])).allowed, true)
  const staff = Requirement.allOf(['todo:write']).and(Requirement.claimContains('roles', 'staff'))
  assert.equal(server.permit(token, staff).allowed, true)
  assert.equal(server.permit(token, staff.and(Requirement.clientIn(['other']))).denial.reason, 'claim_not_satisfied')
  assert.equal(server.permit(token, Requirement.claimIn('sub', ['bob'])).allowed, false)
  assert.equal(server.permit(token, Requirement.scope('todo:read')).denial.reason, 'insufficient_scope')
})

test('keys are fetched without holding up the event loop', async () => {
  const asked = []
  let release
  const gate = new Promise(resolve => (release = resolve))
  const issuers = new Issuers([ISSUER], {
    fetch: async (url, timeoutMs) => {
      asked.push(url)
      assert.ok(timeoutMs > 0 && timeoutMs <= 5000)
      await gate
      const document = url.includes('well-known') ? { issuer: ISSUER, jwks_uri: `${ISSUER}/keys` } : as.jwks
      return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(document)) }
    },
  })
  const server = new ResourceServer({ resource: RESOURCE, issuers })
  const request = get('Authorization', as.bearer())
  assert.equal(server.tryAuthorize(request, Requirement.none()), null)
  const waiting = [server.authorize(request, Requirement.none()), server.authorize(request, Requirement.none())]
  assert.equal(server.tryAuthorize(request, Requirement.none()), null)
  release()
  for (const decision of await Promise.all(waiting)) assert.equal(decision.allowed, true)
  assert.equal(server.tryAuthorize(request, Requirement.none()).allowed, true)
  assert.deepEqual(asked, [`${ISSUER}/.well-known/oauth-authorization-server`, `${ISSUER}/keys`])
})

test('a fetch that fails in any way is 503', async () => {
  const failures = {
    rejects: async () => { throw new TypeError('fetch failed') },
    throws: () => { throw new Error('no') },
    'is no promise': () => 5,
    'is nonsense': async () => ({ status: 'x' }),
    'is undefined': async () => undefined,
  }
  for (const [name, fetch] of Object.entries(failures)) {
    const issuers = new Issuers([{ issuer: ISSUER, jwksUri: `${ISSUER}/keys` }], { fetch })
    const server = new ResourceServer({ resource: RESOURCE, issuers })
    const decision = await server.authorize(get('Authorization', as.bearer()), Requirement.none())
    assert.equal(decision.allowed, false, name)
    assert.equal(decision.denial.reason, 'keys_unavailable', name)
    assert.ok(decision.denial.headers.some(([header]) => header === 'retry-after'))
  }
})

test('the clock is the one that was given', () => {
  let now = Date.now()
  const issuers = new Issuers([{ issuer: ISSUER, jwks: JSON.stringify(as.jwks) }], { clock: () => now })
  const server = new ResourceServer({ resource: RESOURCE, issuers, leewayMs: 0 })
  const request = get('Authorization', as.bearer())
  assert.equal(server.tryAuthorize(request, Requirement.none()).allowed, true)
  now += 301_000
  assert.equal(server.tryAuthorize(request, Requirement.none()).denial.reason, 'expired')
  now = Number.NaN
  assert.throws(() => server.tryAuthorize(request, Requirement.none()), /milliseconds/)
})

test('misconfiguration names the setting', () => {
  const cases = [
    [{ resource: 'mcp.example.com' }, 'resource'],
    [{ resource: `${RESOURCE}#x` }, 'resource'],
    [{ resource: `${RESOURCE}?x` }, 'resource'],
    [{ resource: 'http://mcp.example.com' }, 'resource'],
    [{ resource: 5 }, 'resource'],
    [{ resource: undefined }, 'resource'],
    [{ issuers: [] }, 'issuers'],
    [{ issuers: 'https://as.example.com' }, 'issuers'],
    [{ issuers: ['http://as.example.com'] }, 'issuers'],
    [{ issuers: [{ issuer: ISSUER, jwks: '{}' }] }, 'jwks'],
    [{ issuers: [{ issuer: ISSUER, jwksURI: 'x' }] }, 'jwksURI'],
    [{ issuers: [{ issuer: ISSUER, jwksUri: 'http://x.example.com/' }] }, 'jwksUri'],
    [{ scopesSupported: ['offline_access'] }, 'scopesSupported'],
    [{ challengeScopes: ['a"b'] }, 'challengeScopes'],
    [{ algorithms: ['HS256'] }, 'algorithms'],
    [{ algorithms: 'RS256' }, 'algorithms'],
    [{ leewayMs: 600_000 }, 'leewayMs'],
    [{ leewayMs: -1 }, 'leewayMs'],
    [{ leewayMs: '30' }, 'leewayMs'],
    [{ maxTokenSize: 1.5 }, 'maxTokenSize'],
    [{ tokenCache: -1 }, 'tokenCache'],
    [{ tokenCache: '4096' }, 'tokenCache'],
    [{ rfc9068Only: 'yes' }, 'rfc9068Only'],
    [{ audience: [RESOURCE] }, 'audience'],
    [{ scopeHierarchy: { a: 'b' } }, 'scopeHierarchy'],
    [{ realm: 'a"b' }, 'realm'],
    [{ metadata: { resource: 'x' } }, 'metadata.resource'],
    [{ keys: { jwksFreshMs: -1 } }, 'jwksFreshMs'],
    [{ keys: { jwksTimeoutMs: 0 } }, 'jwksTimeoutMs'],
    [{ keys: { clock: 5 } }, 'clock'],
    [{ issuers: new Issuers([ISSUER]), keys: {} }, 'keys'],
  ]
  for (const [options, setting] of cases) {
    const make = () => new ResourceServer({ resource: RESOURCE, issuers: [ISSUER], ...options })
    assert.throws(make, error => {
      assert.ok(error instanceof ConfigError && error instanceof Error, `${JSON.stringify(options)}: ${error}`)
      assert.equal(error.code, 'ERR_MCP_BEARER_CONFIG')
      assert.equal(error.name, 'ConfigError')
      assert.equal(error.setting, setting)
      assert.ok(error.message.startsWith(`${setting}: `))
      return true
    })
  }
  assert.throws(() => Requirement.scope('a b'), ConfigError)
  assert.throws(() => new Guard(newServer(as), { publicRoutes: ['health'] }), { setting: 'publicRoutes' })
  assert.throws(() => new OperationPolicy({ tools: { x: 5 } }), { setting: 'tools' })
  assert.throws(() => new OperationPolicy({ tools: { '': 'a' } }), { setting: 'tools' })
  assert.throws(() => new OperationPolicy({ tool: {} }), { setting: 'tool' })
  const servers = [newServer(as), newServer(as, { resource: 'https://mcp.example.com/other' })]
  assert.throws(() => new MetadataRoutes(servers), { setting: 'rootAlias' })
  assert.throws(() => new MetadataRoutes(servers, { rootAlias: 'somebody' }), { setting: 'rootAlias' })
})

test('the environment replaces defaults and is named in errors', () => {
  const variables = { MCP_SERVER_URL: RESOURCE, MCP_BEARER_ISSUERS: ISSUER, MCP_BEARER_SCOPES_SUPPORTED: 'a b', EMPTY: undefined }
  const server = ResourceServer.fromEnv({ scopesSupported: ['x'], challengeScopes: ['c'] }, variables)
  assert.deepEqual(server.metadata.document.scopes_supported, ['a', 'b'])
  const decision = server.tryAuthorize(get(), Requirement.none())
  assert.match(decision.denial.headers.flat().join(), /scope="c"/)
  const wrong = more => () => ResourceServer.fromEnv({}, { ...variables, ...more })
  assert.throws(wrong({ MCP_BEARER_LEEWAY_SECONDS: '600' }), { setting: 'MCP_BEARER_LEEWAY_SECONDS' })
  assert.throws(wrong({ MCP_SERVER_URL: '' }), { setting: 'MCP_SERVER_URL' })
  assert.throws(wrong({ SCALEKIT_ENVIRONMENT_URL: ISSUER }), ConfigError)
  const own = { MCP_SERVER_URL: `${RESOURCE}#`, MCP_BEARER_ISSUERS: ISSUER }
  Object.assign(process.env, own)
  assert.throws(() => ResourceServer.fromEnv(), { setting: 'MCP_SERVER_URL' })
  for (const name of Object.keys(own)) delete process.env[name]
})

test('issuers list what they accept', () => {
  const issuers = new Issuers([{ issuer: 'https://a.example.com', also: ['https://b.example.com'] }, ISSUER])
  assert.deepEqual(issuers.identifiers, ['https://a.example.com', 'https://b.example.com', ISSUER])
})

test('metadata is text, object and routes', () => {
  const server = newServer(as, { scopesSupported: ['a'], metadata: { resource_name: 'Todo' } })
  const { json, document, url, path } = server.metadata
  assert.deepEqual(JSON.parse(json), document)
  assert.equal(document.resource, RESOURCE)
  assert.equal(document.resource_name, 'Todo')
  assert.equal(url, `https://mcp.example.com${path}`)
  const routes = new MetadataRoutes([server])
  assert.deepEqual(routes.paths, [path, '/.well-known/oauth-protected-resource'])
  assert.equal(routes.respond({ ...get(), url: path }).body, json)
  assert.equal(routes.respond(get()), null)
  assert.equal(server.metadata.respond(get()).body, json)
})

test('a rule may be a function of the call; one that fails is 500', () => {
  const calls = []
  const policy = new OperationPolicy({
    base: Requirement.none(),
    tools: {
      one: 'a',
      two: ['a', 'b'],
      three: Requirement.scope('c'),
      call: call => {
        calls.push(call)
        return call.arguments.list === 'x' ? 'a' : ['a', 'z']
      },
      throws: () => { throw new Error('no') },
      promises: async () => 'a',
      nothing: () => undefined,
    },
  })
  const server = newServer(as)
  const { token } = server.tryAuthenticate(get('Authorization', as.bearer({ scope: 'a b' })))
  const guard = new OperationGuard(server, policy)
  const judge = (name, args) => {
    const request = { method: 'POST', rawHeaders: ['content-type', 'application/json'], body: Buffer.from(call(name, args)) }
    const decision = guard.permit(token, request)
    assert.deepEqual(server.permitOperation(token, policy, request), decision)
    return decision.allowed ? 'allowed' : decision.denial.reason
  }
  assert.equal(judge('one'), 'allowed')
  assert.equal(judge('two'), 'allowed')
  assert.equal(judge('three'), 'insufficient_scope')
  assert.equal(judge('call', { list: 'x' }), 'allowed')
  assert.equal(judge('call', { list: 'y' }), 'insufficient_scope')
  assert.equal(calls[0].method, 'tools/call')
  assert.equal(calls[0].name, 'call')
  assert.equal(calls[0].token.subject, 'alice')
  assert.equal(calls[0].arguments, calls[0].arguments, 'parsed once')
  assert.deepEqual({ ...calls[2] }.arguments, { list: 'y' })
  for (const name of ['throws', 'promises', 'nothing']) assert.equal(judge(name), 'internal')
  assert.equal(judge('unlisted'), 'operation_not_allowed')
})

test('a filtered list has the members of the list, whatever they are called', () => {
  const server = newServer(as)
  const { token } = server.tryAuthenticate(get('Authorization', as.bearer()))
  const result = JSON.parse('{"tools":[{"name":"a"},{"name":"b"}],"__proto__":{"polluted":true}}')
  const filtered = server.filterToolsList(token, new OperationPolicy({ tools: { a: [] } }), result)
  assert.deepEqual(Object.keys(filtered), ['tools', '__proto__', 'cacheScope'])
  assert.deepEqual(filtered.tools, [{ name: 'a' }])
  assert.equal(filtered.polluted, undefined)
})

test('a function that does not ask for the arguments has none parsed', t => {
  const parse = t.mock.method(JSON, 'parse')
  const tools = { looks: call => call.arguments && [], does_not: () => [] }
  const server = newServer(as)
  const guard = new OperationGuard(server, new OperationPolicy({ tools }))
  const { token } = server.tryAuthenticate(get('Authorization', as.bearer()))
  for (const [name, times] of [['does_not', 0], ['looks', 1]]) {
    const body = `[${Array(100).fill(call(name)).join(',')}]`
    assert.ok(guard.permit(token, { method: 'POST', rawHeaders: ['content-type', 'application/json'], body }).allowed)
    assert.equal(parse.mock.callCount(), 100 * times, name)
  }
})

test('a text of any length and kind arrives whole', () => {
  const guard = new Guard(newServer(as, { maxTokenSize: 65_536 }), { publicRoutes: [`/${'x'.repeat(5000)}`] })
  const reason = request => guard.tryEnter(request).denial?.reason
  for (const length of [0, 1, 2030, 2040, 2047, 2048, 2049, 5000]) {
    assert.equal(reason(get('authorization', as.bearer({ x: 'x'.repeat(length) }))), undefined, length)
    for (const character of ['\xe9', '\u20ac', '\u{1f512}', '\ud800', '\0']) {
      assert.equal(reason(get('authorization', `Bearer ${'x'.repeat(length)}${character}`)), 'malformed_token', length)
    }
  }
  assert.equal(guard.tryEnter({ ...get(), url: `/${'x'.repeat(5000)}` }).kind, 'public')
  assert.equal(reason({ ...get(), url: `/${'x'.repeat(5001)}` }), 'missing_token')
})

test('misuse throws and crashes nothing', () => {
  const server = newServer(as)
  for (const request of [undefined, null, 5, {}, { method: 'GET' }, { method: 'GET', url: '/', rawHeaders: 'x' }]) {
    assert.throws(() => server.tryAuthorize(request, Requirement.none()))
    assert.throws(() => new Guard(server).tryEnter(request))
  }
  assert.throws(() => server.tryAuthorize(get(), 'todo:read'))
  assert.throws(() => server.permit({}, Requirement.none()))
  assert.throws(() => ResourceServer.prototype.tryAuthorize.call({}, get(), Requirement.none()))
  assert.equal(server.tryAuthorize({ ...get(), rawHeaders: ['Authorization'] }, Requirement.none()).denial.reason, 'missing_token')
  assert.equal(internalDenial().status, 500)
})

test('a handle of another kind is not taken for a token', () => {
  const { accessToken, testing } = createRequire(import.meta.url)('../native.js')
  const external = testing.issuer(ISSUER)
  assert.ok(isExternal(external))
  assert.throws(() => accessToken.issuer(external), /not a handle of this kind/)
})

test('threads of their own have servers of their own', async () => {
  const source = `
    const { parentPort } = require('node:worker_threads')
    const { Requirement, ResourceServer } = require('mcp-bearer')
    const fetch = async () => { throw new TypeError() }
    const server = new ResourceServer({ resource: 'https://h', issuers: ['https://as.example.com'], keys: { fetch } })
    server.authorize({ method: 'GET', url: '/', rawHeaders: [] }, Requirement.none()).then(({ denial }) => {
      try { new ResourceServer({}) } catch (error) { parentPort.postMessage([denial.reason, error.setting]) }
    })`
  for (let round = 0; round < 3; round += 1) {
    const worker = new Worker(source, { eval: true })
    const message = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    assert.deepEqual(message, ['missing_token', 'resource'])
    await worker.terminate()
  }
})

test('a thread that ends while it waits for keys takes nothing with it', async t => {
  const sockets = []
  const hole = net.createServer(socket => sockets.push(once(socket, 'close'))).listen(0, '127.0.0.1')
  await once(hole, 'listening')
  t.after(() => hole.close())
  const issuer = `http://127.0.0.1:${hole.address().port}`
  const authorization = newIssuer(issuer).bearer({ aud: 'http://127.0.0.1' })
  const source = `
    const { Requirement, ResourceServer } = require('mcp-bearer')
    const keys = { jwksTimeoutMs: 200 }
    const server = new ResourceServer({ resource: 'http://127.0.0.1', issuers: ['${issuer}'], keys })
    const request = { method: 'GET', url: '/', rawHeaders: ['authorization', '${authorization}'] }
    for (let call = 0; call < 10; call += 1) server.authorize(request, Requirement.none())`
  for (let round = 0; round < 5; round += 1) {
    const worker = new Worker(source, { eval: true })
    const [socket] = await once(hole, 'connection')
    await worker.terminate()
    socket.resume()
  }
  // By now each fetch has ended, and with it every call that waited.
  await Promise.all(sockets)
  assert.equal(newServer(as).tryAuthorize(get(), Requirement.none()).allowed, false)
})

test('a token is verified once', () => {
  const value = as.bearer()
  for (const [options, hits] of [[{}, 2], [{ tokenCache: 0 }, 0]]) {
    const server = newServer(as, options)
    for (let n = 0; n < 3; n += 1) assert.ok(server.tryAuthorize(get('authorization', value), Requirement.none()).allowed)
    assert.deepEqual(server.stats().tokenCache, { hits, misses: 3 - hits, tokens: hits > 0 ? 1 : 0 })
    server.clearTokenCache()
    assert.equal(server.stats().tokenCache.tokens, 0)
  }
  assert.throws(() => newServer(as, { tokenCache: 1_000_001 }), { name: 'ConfigError', setting: 'tokenCache' })
})

test('a request has the token that it came with, whatever was forgotten or collected before', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc')
  const server = newServer(as, { tokenCache: 8 })
  const requests = new Map(Array.from({ length: 40 }, (_, n) => [`user-${n}`, get('authorization', as.bearer({ sub: `user-${n}` }))]))
  const kept = []
  for (let round = 0; round < 20; round += 1) {
    for (const [subject, request] of requests) {
      const [one, another] = [0, 1].map(() => server.tryAuthenticate(request).token)
      assert.equal(one.subject, subject)
      assert.equal(another.subject, subject)
      if (round % 5 === 0) kept.push([subject, another])
    }
    if (round % 3 === 0) server.clearTokenCache()
    collect({ type: round % 2 === 0 ? 'minor' : 'major' })
    // What belongs to what was collected goes when the event loop turns.
    await setImmediate()
  }
  for (const [subject, token] of kept) assert.equal(token.subject, subject)
})

test('what a request does to its token is not seen by the next', () => {
  const server = newServer(as)
  const request = get('authorization', as.bearer())
  const [, one, another] = [0, 1, 2].map(() => server.tryAuthenticate(request).token)
  one.claims.scope = 'todo:admin'
  one.note = 'mine'
  assert.notEqual(another.claims.scope, 'todo:admin')
  assert.equal(another.note, undefined)
})
