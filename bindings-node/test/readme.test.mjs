// The programs of the README, and that of the repository's, run as they stand there, and have types.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import test from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { Guard } from 'mcp-bearer'

import { JSON_TYPE, call, newIssuer, newServer, send, serve } from './kit.mjs'

const snippetsOf = readme => {
  const text = readFileSync(new URL(readme, import.meta.url), 'utf8')
  return [...text.matchAll(/```js\n(.*?)```/gs)].map(([, code]) => code)
}
const isProgram = code => code.startsWith('import')
const snippets = snippetsOf('../README.md')
const [quickstart, mcp, forTests] = snippets.filter(isProgram)
const [root] = snippetsOf('../../README.md').filter(isProgram)

/** A folder inside this package, so that imports resolve. */
function newFolder(t) {
  const folder = mkdtempSync(fileURLToPath(new URL('./readme-', import.meta.url)))
  t.after(() => rmSync(folder, { recursive: true }))
  return folder
}

/** Runs a program in this process, on a free port. */
async function run(t, program) {
  const folder = newFolder(t)
  writeFileSync(`${folder}/server.mjs`, program)
  const started = new Promise(resolve => {
    const { listen } = http.Server.prototype
    http.Server.prototype.listen = function () {
      http.Server.prototype.listen = listen
      resolve(this)
      return listen.call(this, 0, '127.0.0.1')
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

test('the README has a quickstart of about 12 lines', () => {
  assert.ok(quickstart.trim().split('\n').length <= 13)
})

for (const [name, program] of Object.entries({ quickstart, mcp, root })) {
  test(`the program ${name}`, async t => {
    const issuer = await serve(t, (req, res) => {
      const document = { issuer, jwks_uri: `${issuer}/keys` }
      res.setHeader('Content-Type', 'application/json').end(JSON.stringify(req.url === '/keys' ? as.jwks : document))
    })
    const as = newIssuer(issuer)
    const resource = 'http://127.0.0.1:8000/mcp'
    Object.assign(process.env, { MCP_SERVER_URL: resource, MCP_BEARER_ISSUERS: issuer })
    const url = await run(t, program)
    const headers = ['Authorization', as.bearer({ aud: resource, scope: 'todo:read' })]
    assert.match((await send(`${url}/todos`)).headers['www-authenticate'], /^Bearer scope="todo:read", resource_metadata=/)
    if (program !== mcp) {
      const todos = { quickstart: { todos: [], user: 'alice' }, root: { todos: 'of alice' } }
      assert.deepEqual(JSON.parse((await send(`${url}/todos`, { headers })).text), todos[name])
      return
    }
    const accept = ['Accept', 'application/json, text/event-stream']
    const post = name => send(`${url}/mcp`, { method: 'POST', headers: [...headers, ...JSON_TYPE, ...accept], body: call(name) })
    assert.match((await post('whoami')).text, /\\"sub\\":\\"alice\\"/)
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

test('the test', t => {
  const folder = newFolder(t)
  writeFileSync(`${folder}/todos.test.mjs`, forTests)
  const { NODE_TEST_CONTEXT, ...env } = process.env
  const { status, stdout } = spawnSync(process.execPath, ['--test-reporter=tap', `${folder}/todos.test.mjs`], { env, encoding: 'utf8' })
  assert.match(stdout, /^# pass 1$/m)
  assert.equal(status, 0, stdout)
})

test('they compile in a strict project', t => {
  const folder = newFolder(t)
  for (const [name, program] of Object.entries({ quickstart, mcp, forTests, root })) {
    writeFileSync(`${folder}/${name}.mts`, program)
  }
  writeFileSync(`${folder}/tsconfig.json`, '{ "extends": "../types/tsconfig.json", "include": ["*.mts"] }')
  const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'))
  const { status, stdout } = spawnSync(process.execPath, [tsc, '--project', folder], { encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})
