// The Express adapter, on Express 5 and 4: the guard, and what a route needs.

import assert from 'node:assert/strict'
import test from 'node:test'
import { inspect } from 'node:util'

import express5 from 'express'
import express4 from 'express4'
import { Guard, Issuers, OperationGuard, OperationPolicy, Requirement, ResourceServer } from 'mcp-bearer'
import { operations, protect, requirement, requireScope } from 'mcp-bearer/express'
import { ISSUER, RESOURCE, newIssuer, newServer, send, serve } from './kit.mjs'

const as = newIssuer()
const authorization = claims => ['Authorization', as.bearer(claims)]
const METADATA = '/.well-known/oauth-protected-resource/mcp'

for (const [version, express] of [['5', express5], ['4', express4]]) {
  /** An app that counts what reaches its handlers. */
  function todoApp(server = newServer(as, { scopesSupported: ['todo:read'] })) {
    const app = express()
    app.use(protect(server, { publicRoutes: ['/health'] }))
    app.get('/health', (req, res) => res.json({ token: req.accessToken ?? null }))
    app.get('/todos', requireScope('todo:read'), (req, res) => res.json({ sub: req.accessToken.subject }))
    app.get('/staff', requirement(Requirement.claimContains('roles', 'staff')), (req, res) => res.json({}))
    app.get('/me', (req, res) => res.json(req.auth))
    return app
  }

  test(`Express ${version}: one call protects everything and serves the metadata`, async t => {
    const url = await serve(t, todoApp())
    for (const path of ['/todos', '/unknown', '/todos/.well-known', '/HEALTH', '/health/', '/?access_token=x']) {
      const { status, headers } = await send(url + path)
      assert.equal(status, 401, path)
      assert.match(headers['www-authenticate'], /^Bearer resource_metadata=/)
    }
    assert.equal((await send(`${url}/unknown`, { headers: authorization() })).status, 404)
    assert.deepEqual(JSON.parse((await send(`${url}/health`)).text), { token: null })
    for (const path of [METADATA, '/.well-known/oauth-protected-resource']) {
      const { status, text, headers } = await send(url + path)
      assert.equal(status, 200)
      assert.equal(JSON.parse(text).resource, RESOURCE)
      assert.equal((await send(url + path, { headers: ['If-None-Match', headers.etag] })).status, 304)
      assert.equal((await send(url + path, { method: 'HEAD' })).status, 200)
      assert.equal((await send(url + path, { method: 'POST' })).status, 405)
    }
  })

  test(`Express ${version}: a route's scope is needed and the caller is there`, async t => {
    const url = await serve(t, todoApp())
    const good = await send(`${url}/todos`, { headers: authorization({ scope: 'todo:read' }) })
    assert.deepEqual([good.status, good.text], [200, '{"sub":"alice"}'])
    const lacking = await send(`${url}/todos`, { headers: authorization({ scope: 'x' }) })
    assert.equal(lacking.status, 403)
    assert.match(lacking.headers['www-authenticate'], /error="insufficient_scope".*scope="todo:read".*resource_metadata=/)
    assert.equal(lacking.headers['cache-control'], 'no-store')
    assert.equal(JSON.parse(lacking.text).scope, 'todo:read')
    assert.equal((await send(`${url}/staff`, { headers: authorization({ roles: ['staff'] }) })).status, 200)
    assert.equal((await send(`${url}/staff`, { headers: authorization() })).status, 403)
  })

  test(`Express ${version}: who is calling is who the guard has let in`, async t => {
    const app = express()
    app.use((req, res, next) => {
      req.auth = req.accessToken = 'another layer'
      next()
    })
    const inner = express()
    inner.use(protect(newServer(as)))
    app.use('/inner', inner)
    app.use((req, res) => {
      const seen = { subject: req.accessToken.subject, clientId: { ...req.auth }.clientId, same: req.auth === req.auth }
      req.auth = 'a later layer'
      res.json({ ...seen, auth: req.auth })
    })
    const { text } = await send(`${await serve(t, app)}/inner/x`, { headers: authorization() })
    assert.deepEqual(JSON.parse(text), { subject: 'alice', clientId: 'app', same: true, auth: 'a later layer' })
  })

  test(`Express ${version}: requests of another application do not show that this one is protected`, async t => {
    await send(`${await serve(t, todoApp())}/todos`, { headers: authorization({ scope: 'todo:read' }) })
    const other = express()
    other.use((req, res) => {
      const names = []
      for (const name in req) names.push(name)
      names.push(...Object.keys({ ...req }), inspect(req, { getters: true }))
      res.json(names.filter(name => /^(accessToken|auth)$|\baccessToken\b/.test(name)))
    })
    assert.deepEqual(JSON.parse((await send(await serve(t, other), { headers: authorization() })).text), [])
  })

  test(`Express ${version}: req.auth is shaped for the MCP SDKs`, async t => {
    const url = await serve(t, todoApp())
    const token = as.token({ scope: 'a b', client_id: undefined })
    const info = JSON.parse((await send(`${url}/me`, { headers: ['Authorization', `Bearer ${token}`] })).text)
    assert.equal(info.token, token)
    assert.equal(info.clientId, '')
    assert.deepEqual(info.scopes, ['a', 'b'])
    assert.equal(info.expiresAt, info.extra.claims.exp)
    assert.equal(info.resource, RESOURCE)
    assert.equal(info.extra.claims.sub, 'alice')
  })

  test(`Express ${version}: every Authorization field counts`, async t => {
    const url = await serve(t, todoApp())
    const [name, value] = authorization({ scope: 'todo:read' })
    for (const headers of [[name, value, name, value], [name, value, 'AUTHORIZATION', 'Basic x'], [name, `${value}, Bearer x`]]) {
      const { status, text } = await send(`${url}/todos`, { headers })
      assert.deepEqual([status, JSON.parse(text).error], [400, 'invalid_request'])
    }
    assert.equal((await send(`${url}/todos`, { headers: ['authorization', value.replace('Bearer', 'bearer')] })).status, 200)
  })

  test(`Express ${version}: the CORS of the application holds`, async t => {
    const app = express()
    app.use((req, res, next) => {
      res.setHeader('Access-Control-Allow-Origin', 'https://app.example.com')
      res.setHeader('Access-Control-Expose-Headers', 'Mcp-Session-Id')
      next()
    })
    app.use(protect(newServer(as)))
    app.options('/todos', (req, res) => res.status(204).end())
    const url = await serve(t, app)
    const denied = await send(`${url}/todos`)
    assert.equal(denied.headers['access-control-allow-origin'], 'https://app.example.com')
    assert.equal(denied.headers['access-control-expose-headers'], 'Mcp-Session-Id, WWW-Authenticate, Retry-After')
    const metadata = await send(url + METADATA)
    assert.equal(metadata.headers['access-control-allow-origin'], 'https://app.example.com')
    const preflight = ['Origin', 'https://app.example.com', 'Access-Control-Request-Method', 'POST']
    assert.equal((await send(`${url}/todos`, { method: 'OPTIONS', headers: preflight })).status, 204)
    assert.equal((await send(`${url}/todos`, { method: 'OPTIONS' })).status, 401)
  })

  test(`Express ${version}: keys are fetched once for many waiting requests, and 503 without them`, async t => {
    let asked = 0
    let up = false
    const fetch = async () => {
      asked += 1
      if (!up) throw new TypeError('fetch failed')
      return { status: 200, body: Buffer.from(JSON.stringify(as.jwks)) }
    }
    const serverOf = () => {
      const issuers = new Issuers([{ issuer: ISSUER, jwksUri: `${ISSUER}/keys` }], { fetch })
      return new ResourceServer({ resource: RESOURCE, issuers })
    }
    const headers = authorization({ scope: 'todo:read' })
    const down = await serve(t, todoApp(serverOf()))
    const { status, headers: fields } = await send(`${down}/todos`, { headers })
    assert.equal(status, 503)
    assert.ok(Number(fields['retry-after']) >= 1)
    up = true
    asked = 0
    const url = await serve(t, todoApp(serverOf()))
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(`${url}/todos`, { headers })))
    assert.deepEqual([...new Set(answers.map(answer => answer.status))], [200])
    assert.equal(asked, 1)
  })

  test(`Express ${version}: fields of authentication are on every response`, async t => {
    // What the core does not say yet.
    const server = newServer(as)
    const { token } = server.tryAuthenticate({ method: 'GET', url: '/', rawHeaders: authorization() })
    const entry = { kind: 'authenticated', token, responseHeaders: [['dpop-nonce', '1']] }
    t.mock.method(Guard.prototype, 'tryEnter', () => entry)
    t.mock.method(OperationGuard.prototype, 'tryEnter', () => entry)
    const app = express()
    app.all('/alone', operations(new OperationPolicy({ base: 'b' }), { server }))
    app.use(protect(server))
    app.get('/me', (req, res) => res.json(req.accessToken.subject))
    const url = await serve(t, app)
    for (const [path, status] of [['/me', 200], ['/alone', 403]]) {
      const answer = await send(url + path)
      assert.deepEqual([answer.status, answer.headers['dpop-nonce']], [status, '1'])
    }
  })

  test(`Express ${version}: an entry that is not known lets nobody in`, async t => {
    t.mock.method(Guard.prototype, 'tryEnter', () => ({ kind: 'anonymous' }))
    t.mock.method(OperationGuard.prototype, 'tryEnter', () => ({ kind: 'something new' }))
    const app = express()
    app.all('/alone', operations(new OperationPolicy({}), { server: newServer(as) }), (req, res) => res.end())
    app.use(protect(newServer(as)), (req, res) => res.end())
    const url = await serve(t, app)
    for (const path of ['/', '/alone']) assert.equal((await send(url + path)).status, 500)
  })

  test(`Express ${version}: without protect, requireScope is a clear setup error`, async t => {
    const app = express()
    app.get('/todos', requireScope('todo:read'), (req, res) => res.json({}))
    let reported
    app.use((error, req, res, next) => {
      reported = error
      res.status(500).end()
    })
    const url = await serve(t, app)
    assert.equal((await send(`${url}/todos`, { headers: authorization({ scope: 'todo:read' }) })).status, 500)
    assert.match(reported.message, /install protect/)
    assert.throws(() => requireScope('a b'), { code: 'ERR_MCP_BEARER_CONFIG' })
  })
}
