// The programs of the README run as they stand there.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import test from 'node:test'
import { pathToFileURL } from 'node:url'

import { Guard } from 'mcp-bearer'

import { JSON_TYPE, call, newIssuer, newServer, send, serve } from './kit.mjs'

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
const snippets = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code)
const programs = snippets.filter(code => code.includes('app.listen'))

/** Runs a program in this process, inside this package so that its imports resolve. */
async function run(t, program) {
  const folder = mkdtempSync(new URL('./readme-', import.meta.url).pathname)
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(`${folder}/server.mjs`, program)
  const started = new Promise(resolve => {
    const { listen } = http.Server.prototype
    http.Server.prototype.listen = function (...args) {
      http.Server.prototype.listen = listen
      resolve(this)
      return listen.apply(this, args)
    }
  })
  await import(pathToFileURL(`${folder}/server.mjs`))
  const server = await started
  if (!server.listening) await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${server.address().port}`
}

test('the README has a quickstart of about 12 lines, and one for MCP', () => {
  assert.equal(programs.length, 2)
  assert.ok(programs[0].trim().split('\n').length <= 13)
})

for (const [index, program] of programs.entries()) {
  test(`program ${index + 1} of the README`, async t => {
    const issuer = await serve(t, (req, res) => {
      const document = { issuer, jwks_uri: `${issuer}/keys` }
      res.setHeader('Content-Type', 'application/json').end(JSON.stringify(req.url === '/keys' ? as.jwks : document))
    })
    const as = newIssuer(issuer)
    const resource = 'http://127.0.0.1:8000/mcp'
    Object.assign(process.env, { PORT: '0', MCP_SERVER_URL: resource, MCP_BEARER_ISSUERS: issuer })
    const url = await run(t, program)
    const headers = ['Authorization', as.bearer({ aud: resource, scope: 'todo:read' })]
    assert.match((await send(`${url}/todos`)).headers['www-authenticate'], /^Bearer scope="todo:read", resource_metadata=/)
    if (index === 0) {
      assert.equal((await send(`${url}/todos`, { headers })).text, '{"todos":[],"user":"alice"}')
      return
    }
    const accept = ['Accept', 'application/json, text/event-stream']
    const post = name => send(`${url}/mcp`, { method: 'POST', headers: [...headers, ...JSON_TYPE, ...accept], body: call(name) })
    assert.match((await post('whoami')).text, /"text":"alice"/)
    assert.equal((await post('delete_todo')).status, 403)
    assert.equal((await post('other')).status, 403)
  })
}

test('the listener for `upgrade` lets nobody in without a token', async t => {
  const as = newIssuer()
  const listening = http.createServer().listen(0, '127.0.0.1')
  await once(listening, 'listening')
  t.after(() => listening.close())
  const sockets = { handleUpgrade: (_, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n') }
  const snippet = snippets.find(code => code.includes("'upgrade'"))
  new Function('Guard', 'server', 'listening', 'sockets', snippet)(Guard, newServer(as), listening, sockets)
  const open = async headers => {
    const { port } = listening.address()
    const request = http.get({ port, path: '/ws', headers: { connection: 'upgrade', upgrade: 'websocket', ...headers } })
    return new Promise(resolve => request.on('upgrade', () => resolve('open')).on('error', () => resolve('closed')))
  }
  assert.equal(await open({}), 'closed')
  assert.equal(await open({ authorization: 'Bearer junk' }), 'closed')
  assert.equal(await open({ authorization: as.bearer() }), 'open')
})
