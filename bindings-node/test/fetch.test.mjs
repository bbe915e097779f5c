// The web-standard gates.

import assert from 'node:assert/strict'
import test from 'node:test'

import { AccessToken, Guard, OperationGuard, OperationPolicy, Requirement } from 'mcp-bearer'
import { accessToken, auth, finish, operations, protect, requirement, requireScope } from 'mcp-bearer/fetch'
import { call, newIssuer, newServer } from './kit.mjs'

const as = newIssuer()
const URL_ = 'https://mcp.example.com/mcp'
const server = newServer(as)
const request = (claims, init = {}, url = URL_) =>
  new Request(url, { ...init, headers: { ...(claims && { authorization: as.bearer(claims) }), ...init.headers } })
const post = (claims, body, headers) =>
  request(claims, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } })

test('protect answers or lets in', async () => {
  const gate = protect(server, { publicRoutes: ['/health'] })
  const denied = await gate(request())
  assert.equal(denied.status, 401)
  assert.match(denied.headers.get('www-authenticate'), /^Bearer resource_metadata=/)
  assert.equal((await denied.json()).error, 'unauthorized')
  const metadata = await gate(request(null, {}, 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'))
  assert.equal(metadata.status, 200)
  const tag = { 'if-none-match': metadata.headers.get('etag') }
  const same = await gate(request(null, { headers: tag }, 'https://mcp.example.com/.well-known/oauth-protected-resource'))
  assert.deepEqual([same.status, same.body], [304, null])
  assert.equal(await gate(request(null, {}, 'https://mcp.example.com/health?deep')), undefined)
  const good = request({ scope: 'todo:read' })
  assert.equal(auth(good), undefined)
  assert.equal(await gate(good), undefined)
  assert.ok(accessToken(good) instanceof AccessToken)
  assert.equal(auth(good).extra.claims.sub, 'alice')
  assert.equal(auth(good).resource.href, URL_)
  const twice = request({})
  twice.headers.append('authorization', as.bearer())
  assert.equal((await gate(twice)).status, 400)
})

test('a need is met or answered', async () => {
  const gate = protect(server)
  const enter = async claims => {
    const entering = request(claims)
    assert.equal(await gate(entering), undefined)
    return entering
  }
  assert.equal(await requireScope('a', 'b')(await enter({ scope: 'a b' })), undefined)
  assert.equal((await requireScope('a', 'b')(await enter({ scope: 'a' }))).status, 403)
  assert.equal((await requirement(Requirement.claimIn('sub', ['bob']))(await enter({}))).status, 403)
  await assert.rejects(requireScope('a')(request({ scope: 'a' })), /install protect/)
})

/** What the core does not say yet: fields for the response, and a kind of entry that is not known. */
const NONCE = [['dpop-nonce', '1'], ['set-cookie', 'a'], ['set-cookie', 'b']]
const entry = more => ({ kind: 'authenticated', token: server.tryAuthenticate(http(as.bearer())).token, ...more })
const http = value => ({ method: 'GET', url: '/mcp', rawHeaders: ['authorization', value] })

test('fields of authentication are on every response', async t => {
  t.mock.method(Guard.prototype, 'tryEnter', () => entry({ responseHeaders: NONCE }))
  t.mock.method(OperationGuard.prototype, 'tryEnter', () => entry({ responseHeaders: NONCE }))
  const policy = new OperationPolicy({ tools: { read: [], write: 'b' } })
  for (const gates of [[protect(server), operations(policy)], [operations(policy, { server })]]) {
    for (const [tool, status] of [['read', 200], ['write', 403]]) {
      const asked = post({}, call(tool))
      let answer
      for (const gate of gates) answer ??= await gate(asked)
      const finished = finish(asked, answer ?? new Response('done'))
      assert.equal(finished.status, status)
      assert.equal(finished.headers.get('dpop-nonce'), '1')
      assert.deepEqual(finished.headers.getSetCookie(), ['a', 'b'])
    }
  }
  const plain = new Response('done')
  assert.equal(finish(request(), plain), plain)
})

test('an entry that is not known lets nobody in', async t => {
  const nobody = kind => () => ({ kind })
  t.mock.method(Guard.prototype, 'tryEnter', nobody('anonymous'))
  assert.equal((await protect(server)(request())).status, 500)
  t.mock.method(OperationGuard.prototype, 'tryEnter', nobody('something new'))
  assert.equal((await operations(new OperationPolicy({}), { server })(post({}, call('read')))).status, 500)
})

test('operations judges the body and leaves it', async () => {
  const policy = new OperationPolicy({ tools: { read: 'a', write: 'b' }, publicMethods: ['ping'], bodyLimit: 10_000 })
  const gate = operations(policy, { server })
  for (const body of [call('read'), call('read', { text: 'ä'.repeat(4000) })]) {
    const good = post({ scope: 'a' }, body)
    assert.equal(await gate(good), undefined)
    assert.equal(await good.text(), body)
    assert.equal(accessToken(good).subject, 'alice')
  }
  assert.equal((await gate(post({ scope: 'a' }, call('write')))).status, 403)
  assert.equal((await gate(post({ scope: 'a' }, call('other')))).status, 403)
  assert.equal((await gate(post({ scope: 'a' }, call('read', { x: 'y'.repeat(10_000) })))).status, 413)
  const endless = new ReadableStream({ pull: controller => controller.enqueue(new Uint8Array(5000)) })
  const upload = new Request(URL_, { method: 'POST', body: endless, duplex: 'half', headers: post({ scope: 'a' }, '').headers })
  assert.equal((await gate(upload)).status, 413)
  assert.equal((await gate(post({ scope: 'a' }, '{bad'))).status, 400)
  assert.equal((await gate(post({ scope: 'a' }, undefined))).status, 400)
  assert.equal((await gate(post({ scope: 'a' }, call('read'), { 'content-type': 'text/plain' }))).status, 415)
  assert.equal((await gate(post(null, call('read')))).status, 401)
  const ping = post(null, '{"jsonrpc":"2.0","id":1,"method":"ping"}')
  assert.equal(await gate(ping), undefined)
  assert.equal(accessToken(ping), undefined)
  const used = post({ scope: 'a' }, call('read'))
  await used.text()
  await assert.rejects(gate(used), /read before operations/)
  await assert.rejects(operations(policy)(post({ scope: 'a' }, call('read'))), /install protect/)
})

test('a body under another name than POST reaches no handler', async () => {
  const gate = operations(new OperationPolicy({ tools: { read: 'a' } }), { server })
  const { headers } = post({ scope: 'a' }, '')
  const asked = (method, more) => new Request(URL_, { method, headers, body: call('read'), ...more })
  for (const method of ['PUT', 'PATCH', 'DELETE', 'QUERY']) assert.equal((await gate(asked(method))).status, 415)
  assert.equal(await gate(new Request(URL_, { headers })), undefined)
  const preflight = { origin: 'https://app.example.com', 'access-control-request-method': 'POST' }
  assert.equal((await gate(asked('OPTIONS', { headers: preflight }))).status, 401)
})

test('operations takes the token that protect left', async () => {
  const gate = protect(server)
  const judge = operations(new OperationPolicy({ tools: { read: 'a' } }))
  const good = post({ scope: 'a' }, call('read'))
  assert.equal(await gate(good), undefined)
  const token = accessToken(good)
  assert.equal(await judge(good), undefined)
  assert.equal(accessToken(good), token)
  const preflight = { origin: 'https://app.example.com', 'access-control-request-method': 'POST' }
  const alone = operations(new OperationPolicy({}), { server })
  assert.equal(await alone(request(null, { method: 'OPTIONS', headers: preflight })), undefined)
  assert.equal((await alone(request(null, { method: 'OPTIONS' }))).status, 401)
})
