// The programs of the README, and that of the repository's, run as they stand there, and have types.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { dirname } from 'node:path'
import test from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { getRequestListener } from '@hono/node-server'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { McpServer, createMcpHandler } from '@modelcontextprotocol/server'
import Fastify from 'fastify'
import { Hono } from 'hono'
import typescript from 'typescript'

import { Guard, OperationPolicy, Requirement } from 'mcp-bearer'
import * as inFastify from 'mcp-bearer/fastify'
import { auth, operations, protect } from 'mcp-bearer/fetch'

import { JSON_TYPE, call, newIssuer, newServer, send, serve } from './kit.mjs'

const snippetsOf = (readme, language = 'js') => {
  const text = readFileSync(new URL(readme, import.meta.url), 'utf8')
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, code]) => code)
}
const isProgram = code => code.startsWith('import')
const snippets = snippetsOf('../README.md')
const [quickstart, mcp, fastify, hono, sdk, forTests] = snippets.filter(isProgram)
const [root] = snippetsOf('../../README.md').filter(isProgram)
const programs = { quickstart, mcp, fastify, hono, sdk, root }
/** The files of an application for Next, by the paths that their first lines say. */
const next = Object.fromEntries(snippetsOf('../README.md', 'ts').map(code => [code.slice(3, code.indexOf('\n')), code]))

/** Runs the first snippet that has this text, with the names that it leaves to its surroundings. */
function runFragment(text, names) {
  new Function(...Object.keys(names), snippets.find(code => code.includes(text)))(...Object.values(names))
}

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

/** An issuer whose keys are fetched, and the environment that names it. */
async function environment(t) {
  const issuer = await serve(t, (req, res) => {
    const document = { issuer, jwks_uri: `${issuer}/keys` }
    res.setHeader('Content-Type', 'application/json').end(JSON.stringify(req.url === '/keys' ? as.jwks : document))
  })
  const as = newIssuer(issuer)
  const resource = 'http://127.0.0.1:8000/mcp'
  Object.assign(process.env, { MCP_SERVER_URL: resource, MCP_BEARER_ISSUERS: issuer })
  return claims => ['Authorization', as.bearer({ aud: resource, ...claims })]
}

const ACCEPT = ['Accept', 'application/json, text/event-stream']
const METADATA = '/.well-known/oauth-protected-resource/mcp'

test('the README has a quickstart of about 12 lines, and one of at most 15 for each framework', () => {
  assert.ok(quickstart.trim().split('\n').length <= 13)
  for (const code of [fastify, hono, sdk, ...Object.values(next)]) assert.ok(code.trim().split('\n').length <= 15)
})

const todos = {
  quickstart: { todos: [], user: 'alice' },
  'quickstart on Express 4': { todos: [], user: 'alice' },
  fastify: { todos: [], user: 'alice' },
  hono: { todos: [], user: 'alice' },
  sdk: { todos: [], clientId: 'app' },
  root: { todos: 'of alice' },
}

for (const [name, program] of Object.entries({ ...programs, 'quickstart on Express 4': quickstart.replace("'express'", "'express4'") })) {
  test(`the program ${name}`, async t => {
    const authorization = await environment(t)
    const url = await run(t, program)
    const refused = await send(`${url}/todos`)
    assert.equal(refused.status, 401)
    const challenge = name === 'sdk' ? /^Bearer error="invalid_token", .*, resource_metadata=/ : /^Bearer scope="todo:read", resource_metadata=/
    assert.match(refused.headers['www-authenticate'], challenge)
    assert.equal(JSON.parse((await send(url + METADATA)).text).resource, 'http://127.0.0.1:8000/mcp')
    const headers = authorization({ scope: 'todo:read' })
    if (name !== 'mcp') {
      assert.deepEqual(JSON.parse((await send(`${url}/todos`, { headers })).text), todos[name])
      assert.equal((await send(`${url}/todos`, { headers: authorization({ scope: 'other' }) })).status, 403)
      return
    }
    const post = name => send(`${url}/mcp`, { method: 'POST', headers: [...headers, ...JSON_TYPE, ...ACCEPT], body: call(name) })
    assert.match((await post('whoami')).text, /\\"sub\\":\\"alice\\"/)
    assert.equal((await post('delete_todo')).status, 403)
    assert.equal((await post('other')).status, 403)
  })
}

/** What the fragments for MCP stand in, beside the gates of an adapter. */
const as = newIssuer()
const policy = new OperationPolicy({ base: 'todo:read', tools: { whoami: [], delete_todo: 'todo:delete' } })
const whoami = createMcpHandler(() => {
  const server = new McpServer({ name: 'todo', version: '1' })
  server.registerTool('whoami', {}, ctx => ({ content: [{ type: 'text', text: String(ctx.http?.authInfo?.extra?.claims.sub) }] }))
  return server
})
const apps = {
  Fastify: async t => {
    const app = Fastify()
    t.after(() => app.close())
    app.register(inFastify.protect(newServer(as)))
    runFragment('preParsing', { app, policy, toNodeHandler, mcp: whoami, operations: inFastify.operations })
    return app.listen({ port: 0, host: '127.0.0.1' })
  },
  Hono: async t => {
    const app = new Hono()
    const gate = protect(newServer(as))
    app.use(async (c, next) => (await gate(c.req.raw)) ?? next())
    runFragment('judge', { app, auth, operations, policy, mcp: whoami })
    return serve(t, getRequestListener(app.fetch))
  },
}

for (const [name, appOf] of Object.entries(apps)) {
  test(`MCP in ${name}`, async t => {
    const url = await appOf(t)
    const headers = [...JSON_TYPE, ...ACCEPT, 'Authorization', as.bearer({ scope: 'todo:read' })]
    const post = name => send(`${url}/mcp`, { method: 'POST', headers, body: call(name) })
    assert.match((await post('whoami')).text, /alice/)
    for (const tool of ['delete_todo', 'other']) assert.equal((await post(tool)).status, 403)
  })
}

test('the route handlers for Next', async t => {
  const authorization = await environment(t)
  const folder = newFolder(t)
  for (const [path, code] of Object.entries(next)) {
    const { outputText } = typescript.transpileModule(code, { compilerOptions: { module: 'esnext', target: 'es2022' } })
    mkdirSync(`${folder}/${dirname(path)}`, { recursive: true })
    writeFileSync(`${folder}/${path.replace('.ts', '.mjs')}`, outputText.replace("'@/lib/auth'", `'${pathToFileURL(`${folder}/lib/auth.mjs`)}'`))
  }
  const handlersOf = path => import(pathToFileURL(`${folder}/app/${path}/route.mjs`))
  const todos = await handlersOf('todos')
  const metadata = await handlersOf('.well-known/oauth-protected-resource/[[...path]]')
  const request = (path, [, authorization] = []) => new Request(`http://127.0.0.1:8000${path}`, { headers: authorization ? { authorization } : {} })
  const good = await todos.GET(request('/todos', authorization({ scope: 'todo:read' })))
  assert.deepEqual(await good.json(), { todos: [], user: 'alice' })
  const refused = await todos.GET(request('/todos'))
  assert.equal(refused.status, 401)
  assert.match(refused.headers.get('www-authenticate'), /^Bearer scope="todo:read", resource_metadata=/)
  assert.equal((await todos.GET(request('/todos', authorization({ scope: 'other' })))).status, 403)
  assert.equal((await (await metadata.GET(request(METADATA))).json()).resource, 'http://127.0.0.1:8000/mcp')
  assert.equal((await metadata.GET(request(`${METADATA}/other`))).status, 401)
})

test('the listener for `upgrade` lets nobody in without a token', async t => {
  const listening = http.createServer().listen(0, '127.0.0.1')
  await once(listening, 'listening')
  t.after(() => listening.close())
  const sockets = { handleUpgrade: (_, socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n') }
  runFragment("'upgrade'", { Guard, server: newServer(as), listening, sockets })
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
  for (const [name, program] of Object.entries({ ...programs, forTests })) {
    writeFileSync(`${folder}/${name}.mts`, program)
  }
  for (const [path, code] of Object.entries(next)) {
    mkdirSync(`${folder}/${dirname(path)}`, { recursive: true })
    writeFileSync(`${folder}/${path}`, code)
  }
  const compilerOptions = { paths: { '@/*': ['./*'] } }
  const include = ['*.mts', 'lib/*', 'app/**/*', 'app/.well-known/**/*']
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ extends: '../types/tsconfig.json', compilerOptions, include }))
  const tsc = fileURLToPath(import.meta.resolve('typescript/bin/tsc'))
  const { status, stdout } = spawnSync(process.execPath, [tsc, '--project', folder], { encoding: 'utf8' })
  assert.equal(status, 0, stdout)
})
