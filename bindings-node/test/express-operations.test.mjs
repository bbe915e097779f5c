// The Express adapter, on Express 5 and 4: operations, judged on the body that the handler gets.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import test from 'node:test'
import { gzipSync } from 'node:zlib'

import express5 from 'express'
import express4 from 'express4'
import { AccessToken, Issuers, OperationPolicy, ResourceServer } from 'mcp-bearer'
import { operations, protect } from 'mcp-bearer/express'
import { ISSUER, JSON_TYPE, RESOURCE, call, newIssuer, newServer, send, serve } from './kit.mjs'

const as = newIssuer()
const authorization = claims => ['Authorization', as.bearer(claims)]

for (const [version, express] of [['5', express5], ['4', express4]]) {
  const policy = new OperationPolicy({
    base: 'todo:read',
    tools: { list_todos: 'todo:read', delete_todo: 'todo:delete' },
    bodyLimit: 128 * 1024,
  })

  /** Each way in which a handler can get at the body after `operations`. */
  const readers = {
    'a raw reader': async req => {
      const chunks = []
      for await (const chunk of req) chunks.push(chunk)
      return Buffer.concat(chunks).toString()
    },
    'a late raw reader': async req => {
      await new Promise(setImmediate)
      await new Promise(setImmediate)
      const chunks = []
      req.on('data', chunk => chunks.push(chunk))
      await once(req, 'end')
      return Buffer.concat(chunks).toString()
    },
    'a pipe': async req => {
      const upstream = http.createServer((inner, res) => inner.pipe(res)).listen(0, '127.0.0.1')
      await once(upstream, 'listening')
      const outgoing = http.request({ port: upstream.address().port, method: 'POST', agent: false })
      req.pipe(outgoing)
      const [response] = await once(outgoing, 'response')
      const chunks = []
      for await (const chunk of response) chunks.push(chunk)
      upstream.close()
      return Buffer.concat(chunks).toString()
    },
    'express.json() after': req =>
      new Promise((resolve, reject) =>
        express.json({ limit: '1mb' })(req, {}, error => (error ? reject(error) : resolve(JSON.stringify(req.body))))
      ),
  }

  function mcpApp(read, { before = [], seen = [] } = {}) {
    const app = express()
    app.use(protect(newServer(as)))
    for (const middleware of before) app.use(middleware)
    app.post('/mcp', operations(policy), async (req, res, next) => {
      try {
        const text = await read(req)
        seen.push(text)
        res.type('json').send(text)
      } catch (error) {
        next(error)
      }
    })
    app.get('/mcp', operations(policy), (req, res) => res.json({}))
    return app
  }

  for (const [name, read] of Object.entries(readers)) {
    test(`Express ${version}: ${name} gets exactly the judged bytes`, async t => {
      const url = await serve(t, mcpApp(read))
      const headers = [...JSON_TYPE, ...authorization({ scope: 'todo:read' })]
      for (const size of [1, 5000, 60_000]) {
        const body = call('list_todos', { text: 'ä'.repeat(size / 2) })
        const { status, text } = await send(`${url}/mcp`, { method: 'POST', headers, body })
        assert.equal(status, 200)
        assert.equal(text, body)
      }
    })
  }

  test(`Express ${version}: a body that comes in pieces is judged whole`, async t => {
    const url = await serve(t, mcpApp(readers['a raw reader']))
    const { port } = new URL(url)
    const socket = net.connect(port, '127.0.0.1')
    const body = call('list_todos')
    socket.write(`POST /mcp HTTP/1.1\r\nHost: x\r\nAuthorization: ${as.bearer({ scope: 'todo:read' })}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`)
    for (const char of body) {
      socket.write(`1\r\n${char}\r\n`)
      await new Promise(setImmediate)
    }
    socket.end('0\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += chunk
    assert.match(text, /^HTTP\/1.1 200/)
    assert.ok(text.endsWith(body) || text.includes(body))
  })

  test(`Express ${version}: an upload without end is refused at the limit`, async t => {
    const { port } = new URL(await serve(t, mcpApp(readers['a raw reader'])))
    const headers = { Authorization: as.bearer({ scope: 'todo:read' }), 'Content-Type': 'application/json' }
    const upload = http.request({ port, path: '/mcp', method: 'POST', headers, agent: false })
    upload.on('error', () => {})
    t.after(() => upload.destroy())
    upload.write(' '.repeat(200_000))
    const [response] = await once(upload, 'response')
    assert.equal(response.statusCode, 413)
  })

  test(`Express ${version}: a client that goes away while sending hurts nobody`, async t => {
    const seen = []
    const url = await serve(t, mcpApp(readers['a raw reader'], { seen }))
    const socket = net.connect(new URL(url).port, '127.0.0.1')
    socket.write(`POST /mcp HTTP/1.1\r\nHost: x\r\nAuthorization: ${as.bearer({ scope: 'todo:read' })}\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"json`)
    await new Promise(resolve => socket.write(' ', resolve))
    socket.destroy()
    const headers = [...JSON_TYPE, ...authorization({ scope: 'todo:read' })]
    assert.equal((await send(`${url}/mcp`, { method: 'POST', headers, body: call('list_todos') })).status, 200)
    assert.equal(seen.length, 1)
  })

  for (const [name, before] of [['before', [express.json({ limit: '1mb' })]], ['absent', []]]) {
    const read = before.length > 0 ? req => JSON.stringify(req.body) : readers['express.json() after']
    test(`Express ${version}: what a scope does not cover is refused, express.json() ${name}`, async t => {
      const seen = []
      const url = await serve(t, mcpApp(read, { before, seen }))
      const post = (body, headers = JSON_TYPE) =>
        send(`${url}/mcp`, { method: 'POST', headers: [...headers, ...authorization({ scope: 'todo:read' })], body })
      assert.equal((await post(call('list_todos'))).status, 200)
      const del = call('delete_todo')
      const refused = await post(del)
      assert.equal(refused.status, 403)
      assert.match(refused.headers['www-authenticate'], /insufficient_scope.*scope="todo:read todo:delete"|scope="todo:delete/)
      assert.equal((await post(`[${call('list_todos')},${del}]`)).status, 403)
      assert.equal((await post(call('unlisted'))).status, 403)
      assert.equal((await post(gzipSync(del), [...JSON_TYPE, 'Content-Encoding', 'gzip'])).status, 415)
      assert.equal((await post(del, ['Content-Type', 'application/json; charset=utf-7'])).status, 415)
      assert.equal((await post(Buffer.from(del, 'utf16le'), ['Content-Type', 'application/json; charset=utf-16'])).status, 415)
      assert.equal((await post(del, ['Content-Type', 'text/plain'])).status, 415)
      assert.equal((await post(call('list_todos'), [...JSON_TYPE, 'Mcp-Method', 'tools/call', 'Mcp-Name', 'delete_todo'])).status, 400)
      assert.equal((await post(call('list_todos', { x: 'y'.repeat(140_000) }))).status, 413)
      assert.equal((await post('')).status, 400)
      if (name === 'before') assert.equal((await post(call('list_todos').replace('{}', '['.repeat(50_000) + ']'.repeat(50_000)))).status, 400)
      assert.equal((await send(`${url}/mcp`, { headers: authorization() })).status, 403)
      assert.equal((await send(`${url}/mcp`, { headers: authorization({ scope: 'todo:read' }) })).status, 200)
      assert.equal(seen.length, 1)
    })
  }

  test(`Express ${version}: without express.json() the bytes are judged`, async t => {
    const url = await serve(t, mcpApp(readers['a raw reader']))
    const post = body =>
      send(`${url}/mcp`, { method: 'POST', headers: [...JSON_TYPE, ...authorization({ scope: 'todo:read' })], body })
    assert.equal((await post('{bad')).status, 400)
    assert.equal((await post(`\ufeff${call('list_todos')}`)).status, 400)
    const twice = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"list_todos","\\u006eame":"delete_todo"}}'
    assert.equal((await post(twice)).status, 400)
  })

  test(`Express ${version}: a bad token is refused before the body is read`, async t => {
    const url = await serve(t, mcpApp(readers['a raw reader']))
    for (const headers of [[], ['Authorization', 'Bearer bad']]) {
      const { status } = await send(`${url}/mcp`, { method: 'POST', headers: [...JSON_TYPE, ...headers], body: '{bad' })
      assert.equal(status, 401)
    }
  })

  test(`Express ${version}: operations alone authenticates, and knows what is public`, async t => {
    const app = express()
    const server = newServer(as)
    const lazy = new OperationPolicy({ tools: { list_todos: 'todo:read' }, publicMethods: ['initialize', 'tools/list'] })
    app.post('/mcp', operations(lazy, { server }), express.json(), (req, res) => {
      res.json({ method: req.body.method, sub: req.accessToken?.subject ?? null, token: req.accessToken instanceof AccessToken })
    })
    const url = await serve(t, app)
    const post = (body, headers = []) => send(`${url}/mcp`, { method: 'POST', headers: [...JSON_TYPE, ...headers], body })
    const list = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'
    assert.deepEqual(JSON.parse((await post(list)).text), { method: 'tools/list', sub: null, token: false })
    assert.deepEqual(JSON.parse((await post(list, authorization())).text), { method: 'tools/list', sub: 'alice', token: true })
    assert.equal((await post(list, ['Authorization', 'Bearer bad'])).status, 401)
    assert.equal((await post(call('list_todos'))).status, 401)
    assert.equal((await post('{bad')).status, 401)
    assert.equal((await post(call('list_todos'), authorization({ scope: 'todo:read' }))).status, 200)
  })

  test(`Express ${version}: operations takes the token that the guard left, and lets preflights pass`, async t => {
    const app = express()
    const server = newServer(as)
    app.all('/alone', operations(policy, { server }), (req, res) => res.status(204).end())
    app.use(protect(server))
    let left
    const before = (req, res, next) => {
      left = req.accessToken
      next()
    }
    app.post('/mcp', before, operations(policy), (req, res) => res.json(req.accessToken === left))
    const url = await serve(t, app)
    const headers = [...JSON_TYPE, ...authorization({ scope: 'todo:read' })]
    assert.equal((await send(`${url}/mcp`, { method: 'POST', headers, body: call('list_todos') })).text, 'true')
    const preflight = ['Origin', 'https://app.example.com', 'Access-Control-Request-Method', 'POST']
    assert.equal((await send(`${url}/alone`, { method: 'OPTIONS', headers: preflight })).status, 204)
    assert.equal((await send(`${url}/alone`, { method: 'OPTIONS' })).status, 401)
  })

  test(`Express ${version}: a body under another name than POST reaches no handler`, async t => {
    const app = express()
    const server = newServer(as)
    app.all('/alone', operations(policy, { server }), (req, res) => res.json(req.body ?? null))
    app.use(protect(server))
    app.all('/mcp', operations(policy), (req, res) => res.json(req.body ?? null))
    app.all('/parsed', express.json(), operations(policy), (req, res) => res.json(req.body ?? null))
    const url = await serve(t, app)
    const headers = [...JSON_TYPE, ...authorization({ scope: 'todo:read' })]
    const preflight = ['Origin', 'https://app.example.com', 'Access-Control-Request-Method', 'POST']
    const body = call('list_todos')
    for (const path of ['/alone', '/mcp', '/parsed']) {
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
        for (const frame of [['Content-Length', String(body.length)], ['Transfer-Encoding', 'chunked']]) {
          assert.equal((await send(url + path, { method, headers: [...headers, ...frame], body })).status, 415, method)
        }
        assert.equal((await send(url + path, { method, headers })).text, 'null')
      }
      assert.equal((await send(url + path, { method: 'OPTIONS', headers: preflight })).status, 200)
      const withBody = [...preflight, 'Content-Length', String(body.length)]
      assert.equal((await send(url + path, { method: 'OPTIONS', headers: withBody, body })).status, 401)
    }
  })

  test(`Express ${version}: a stream of events is open until its client goes`, async t => {
    const app = express()
    let closed
    app.get('/mcp', operations(policy, { server: newServer(as) }), (req, res) => {
      closed = new Promise(resolve => req.on('close', resolve))
      res.writeHead(200, { 'content-type': 'text/event-stream' }).write(':\n\n')
    })
    const url = new URL(await serve(t, app))
    const [, authorize] = authorization({ scope: 'todo:read' })
    const request = http.get({ hostname: url.hostname, port: url.port, path: '/mcp', agent: false, headers: { authorization: authorize } })
    const [response] = await once(request, 'response')
    await once(response, 'data')
    assert.equal(await Promise.race([closed, 'open']), 'open')
    request.destroy()
    await closed
  })

  test(`Express ${version}: a token for another server does not count`, async t => {
    const app = express()
    app.use(protect(newServer(as)))
    const other = newServer(as, { resource: 'https://other.example.com/mcp' })
    app.post('/mcp', operations(new OperationPolicy({}), { server: other }), (req, res) => res.json({}))
    const url = await serve(t, app)
    const headers = [...JSON_TYPE, ...authorization()]
    assert.equal((await send(`${url}/mcp`, { method: 'POST', headers, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' })).status, 401)
  })

  /** Keys that come only when every request has arrived whole. */
  function slowServer() {
    const fetch = async () => {
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
      return { status: 200, body: Buffer.from(JSON.stringify(as.jwks)) }
    }
    const issuers = new Issuers([{ issuer: ISSUER, jwksUri: `${ISSUER}/keys` }], { fetch })
    return new ResourceServer({ resource: RESOURCE, issuers })
  }

  for (const [body, status] of [['', 400], [call('list_todos'), 200], [call('delete_todo'), 403], [call('list_todos', { x: 'y'.repeat(140_000) }), 413]]) {
    test(`Express ${version}: ${body.length} bytes that arrive while the keys are fetched`, async t => {
      const app = express()
      app.post('/mcp', operations(policy, { server: slowServer() }), async (req, res) => res.send(await readers['a raw reader'](req)))
      const url = await serve(t, app)
      const headers = [...JSON_TYPE, ...authorization({ scope: 'todo:read' })]
      const answer = await send(`${url}/mcp`, { method: 'POST', headers, body })
      assert.equal(answer.status, status)
      if (status === 200) assert.equal(answer.text, body)
    })
  }

  test(`Express ${version}: what an earlier layer left in req.body for a body that it did not read goes`, async t => {
    const app = express()
    app.use((req, res, next) => {
      req.body = JSON.parse(call('delete_todo'))
      next()
    })
    app.use(protect(newServer(as)))
    app.post('/mcp', operations(policy), (req, res) => res.json({ body: req.body ?? null }))
    const url = await serve(t, app)
    const headers = [...JSON_TYPE, ...authorization({ scope: 'todo:read' })]
    const { text } = await send(`${url}/mcp`, { method: 'POST', headers, body: call('list_todos') })
    assert.equal(text, '{"body":null}')
  })

  for (const server of [undefined, slowServer()]) test(`Express ${version}: a body that is gone is a clear setup error, ${server ? 'later' : 'at once'}`, async t => {
    const app = express()
    if (server === undefined) app.use(protect(newServer(as)))
    app.use((req, res, next) => req.resume().on('end', next))
    app.post('/mcp', operations(policy, { server }), (req, res) => res.json({}))
    let reported
    app.use((error, req, res, next) => {
      reported = error
      res.status(500).end()
    })
    const url = await serve(t, app)
    const headers = [...JSON_TYPE, ...authorization({ scope: 'todo:read' })]
    assert.equal((await send(`${url}/mcp`, { method: 'POST', headers, body: call('list_todos') })).status, 500)
    assert.match(reported.message, /read before operations/)
  })
}
