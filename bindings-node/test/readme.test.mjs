// The programs of the README, and that of the repository's, run as they stand there, and have types.

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { dirname } from 'node:path'
import test from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'

import { getRequestListener } from '@hono/node-server'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { McpServer, createMcpHandler } from '@modelcontextprotocol/server'
import { metrics } from '@opentelemetry/api'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { register } from 'prom-client'
import typescript from 'typescript'

import { Guard, OperationPolicy, Requirement, ResourceServer } from 'mcp-bearer'
import * as inFastify from 'mcp-bearer/fastify'
import { auth, operations, protect } from 'mcp-bearer/fetch'

import { ISSUER, JSON_TYPE, RESOURCE, call, newIssuer, newServer, send, serve } from './kit.mjs'

const snippetsOf = (readme, language = 'js') => {
  const text = readFileSync(new URL(readme, import.meta.url), 'utf8')
  return [...text.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, code]) => code)
}
const isProgram = code => /^(\/\/ \S+\.mjs\n)?import/.test(code)
const snippets = snippetsOf('../README.md')
const [mcp, quickstart, fastify, hono, prometheus, openTelemetry, sdk, forTests] = snippets.filter(isProgram)
const [root] = snippetsOf('../../README.md').filter(isProgram)
const programs = { quickstart, mcp, fastify, hono, sdk, root }
/** The files of an application for Next, by the paths that their first lines say. */
const next = Object.fromEntries(snippetsOf('../README.md', 'ts').map(code => [code.slice(3, code.indexOf('\n')), code]))

const fragments = new Set(snippets.filter(code => !isProgram(code)))

/** Runs the fragment that has this text, with the names that it leaves to its surroundings. */
async function runFragment(text, names) {
  const fragment = snippets.find(code => code.includes(text))
  fragments.delete(fragment)
  const AsyncFunction = (async () => {}).constructor
  await new AsyncFunction(...Object.keys(names), fragment)(...Object.values(names))
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

/** Loads a snippet that is no server. */
async function load(t, code) {
  const folder = newFolder(t)
  writeFileSync(`${folder}/module.mjs`, code)
  return import(pathToFileURL(`${folder}/module.mjs`))
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

const get = value => ({ method: 'GET', url: '/', rawHeaders: ['authorization', value] })
const ACCEPT = ['Accept', 'application/json, text/event-stream']
const METADATA = '/.well-known/oauth-protected-resource/mcp'

test('the README has a quickstart of about 12 lines, and one of at most 15 for each framework', () => {
  assert.ok(quickstart.trim().split('\n').length <= 14)
  for (const code of [fastify, hono, prometheus, openTelemetry, sdk, ...Object.values(next)]) assert.ok(code.trim().split('\n').length <= 15)
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
    assert.match((await post('list_todos')).text, /buy milk for app/)
    assert.equal((await post('other')).status, 403)
  })
}

/** What the fragments for MCP stand in, beside the gates of an adapter. */
const as = newIssuer()
const policy = new OperationPolicy({ base: 'todo:read', tools: { list_todos: [], delete_todo: 'todo:delete' } })
const listTodos = createMcpHandler(() => {
  const server = new McpServer({ name: 'todo', version: '1' })
  server.registerTool('list_todos', {}, ctx => ({ content: [{ type: 'text', text: String(ctx.http?.authInfo?.extra?.claims.sub) }] }))
  return server
})
const apps = {
  Fastify: async t => {
    const app = Fastify()
    t.after(() => app.close())
    app.register(inFastify.protect(newServer(as)))
    await runFragment('preParsing', { app, policy, toNodeHandler, mcp: listTodos, operations: inFastify.operations })
    return app.listen({ port: 0, host: '127.0.0.1' })
  },
  Hono: async t => {
    const app = new Hono()
    const gate = protect(newServer(as))
    app.use(async (c, next) => (await gate(c.req.raw)) ?? next())
    await runFragment('judge', { app, auth, operations, policy, mcp: listTodos })
    return serve(t, getRequestListener(app.fetch))
  },
}

for (const [name, appOf] of Object.entries(apps)) {
  test(`MCP in ${name}`, async t => {
    const url = await appOf(t)
    const headers = [...JSON_TYPE, ...ACCEPT, 'Authorization', as.bearer({ scope: 'todo:read' })]
    const post = name => send(`${url}/mcp`, { method: 'POST', headers, body: call(name) })
    assert.match((await post('list_todos')).text, /alice/)
    for (const tool of ['delete_todo', 'other']) assert.equal((await post(tool)).status, 403)
  })
}

test('the list handler shows what the token may call', async () => {
  const tools = ['delete_todo', 'list_todos'].map(name => ({ name, inputSchema: { type: 'object' } }))
  const server = newServer(as)
  let list
  runFragment('tools/list', { todo: { setRequestHandler: (method, handler) => (list = handler) }, server, policy, tools })
  const request = new Request('https://mcp.example.com/mcp', { headers: { authorization: as.bearer({ scope: 'todo:read' }) } })
  await protect(server)(request)
  assert.deepEqual(list({}, { http: { authInfo: auth(request) } }), { tools: [tools[1]], cacheScope: 'private' })
})

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
  await runFragment("'upgrade'", { Guard, server: newServer(as), listening, sockets })
  const open = async headers => {
    const { port } = listening.address()
    const request = http.get({ port, path: '/ws', headers: { connection: 'upgrade', upgrade: 'websocket', ...headers } })
    return new Promise(resolve => request.on('upgrade', () => resolve('open')).on('error', () => resolve('closed')))
  }
  assert.equal(await open({}), 'closed')
  assert.equal(await open({ authorization: 'Bearer junk' }), 'closed')
  assert.equal(await open({ authorization: as.bearer() }), 'open')
})

test('a client that is gone before the listener has its answer hurts nobody', async t => {
  let begin, end
  const begun = new Promise(resolve => { begin = resolve })
  const keys = new Promise(resolve => { end = resolve })
  const fetch = () => {
    begin()
    return keys
  }
  const issuers = [{ issuer: ISSUER, jwksUri: `${ISSUER}/keys` }]
  const server = new ResourceServer({ resource: RESOURCE, issuers, keys: { fetch } })
  const listening = http.createServer().listen(0, '127.0.0.1')
  await once(listening, 'listening')
  t.after(() => listening.close())
  await runFragment("'upgrade'", { Guard, server, listening, sockets: {} })
  const connected = once(listening, 'connection')
  const client = net.connect(listening.address().port, '127.0.0.1')
  const fields = ['GET /ws HTTP/1.1', 'Host: h', 'Connection: upgrade', 'Upgrade: websocket', `Authorization: ${as.bearer()}`]
  client.write(`${fields.join('\r\n')}\r\n\r\n`)
  const [socket] = await connected
  await begun
  client.resetAndDestroy()
  await new Promise(resolve => socket.on('close', resolve))
  end({ status: 503, body: Buffer.alloc(0) })
})

test('the call beneath the adapters', async t => {
  const needed = Requirement.allOf(['todo:read'])
  const log = t.mock.method(console, 'log', () => {})
  for (const req of [get('Bearer x'), get(as.bearer({ scope: 'todo:read' }))]) {
    await runFragment('tryAuthorize(req', { server: newServer(as), req, needed })
  }
  const [[status], [subject]] = log.mock.calls.map(call => call.arguments)
  assert.deepEqual([status, subject], [401, 'alice'])
})

test('what becomes of validateToken', async t => {
  const authorization = await environment(t)
  const [diff] = snippetsOf('../../docs/migration.md', 'diff').filter(code => code.includes('function whoami'))
  const { whoami } = await load(t, diff.split('\n').filter(line => line[0] !== '-').map(line => line.slice(1)).join('\n'))
  const url = await serve(t, whoami)
  const refused = await send(url, { headers: authorization({ scope: 'other' }) })
  assert.equal(refused.status, 403)
  assert.match(refused.headers['www-authenticate'], /scope="todo:read", resource_metadata=/)
  assert.equal((await send(url, { headers: authorization({ scope: 'todo:read' }) })).text, 'alice')
})

test('decisions in Prometheus', async t => {
  await environment(t)
  const { server } = await load(t, prometheus)
  for (const token of ['x', 'y']) server.tryAuthenticate(get(`Bearer ${token}`))
  const shown = await register.metrics()
  assert.match(shown, /^mcp_bearer_decisions_total\{check="token",reason="malformed_token",operation=""\} 2$/m)
  assert.match(shown, /^mcp_bearer_decision_duration_seconds_count\{check="token"\} 2$/m)
})

test('decisions in OpenTelemetry', async t => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const meters = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] })
  t.after(() => meters.shutdown())
  metrics.setGlobalMeterProvider(meters)
  const spans = new InMemorySpanExporter()
  const tracing = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
  tracing.register()
  await environment(t)
  const { server } = await load(t, openTelemetry)
  tracing.getTracer('test').startActiveSpan('request', span => {
    server.tryAuthenticate(get('Bearer x'))
    span.end()
  })
  await meters.forceFlush()
  const told = { check: 'token', reason: 'malformed_token', operation: '' }
  const [{ descriptor, dataPoints: [{ attributes, value }] }] = exporter.getMetrics()[0].scopeMetrics[0].metrics
  assert.deepEqual({ name: descriptor.name, attributes, value }, { name: 'mcp_bearer.decisions', attributes: told, value: 1 })
  const [{ events: [event] }] = spans.getFinishedSpans()
  const fingerprint = createHash('sha256').update('x').digest('hex').slice(0, 16)
  assert.deepEqual([event.name, event.attributes], ['mcp_bearer.decision', { ...told, fingerprint }])
})

test('the line of the migration page writes each decision', async t => {
  await environment(t)
  const [line] = readFileSync(new URL('../../docs/migration.md', import.meta.url), 'utf8').match(/^\+const .*onDecision.*$/m)
  const { server } = await load(t, `import { ResourceServer } from 'mcp-bearer'\nexport ${line.slice(1)}`)
  const log = t.mock.method(console, 'log', () => {})
  server.tryAuthenticate(get('Bearer x'))
  assert.match(log.mock.calls[0].arguments[0], /^denied reason=malformed_token check=token fingerprint=/)
})

test('the test', t => {
  const folder = newFolder(t)
  writeFileSync(`${folder}/todos.test.mjs`, forTests)
  const { NODE_TEST_CONTEXT, ...env } = process.env
  const { status, stdout } = spawnSync(process.execPath, ['--test-reporter=tap', `${folder}/todos.test.mjs`], { env, encoding: 'utf8' })
  assert.match(stdout, /^# pass 1$/m)
  assert.equal(status, 0, stdout)
})

/** What the examples in the declarations leave to their surroundings. */
const surroundings = {
  express: `import express from 'express'
    import { ResourceServer } from 'mcp-bearer'
    import { protect } from 'mcp-bearer/express'
    const app = express()`,
  fastify: `import Fastify from 'fastify'
    import { ResourceServer } from 'mcp-bearer'
    import { protect } from 'mcp-bearer/fastify'
    const app = Fastify()`,
  fetch: `import { ResourceServer } from 'mcp-bearer'
    import { finish, protect } from 'mcp-bearer/fetch'
    declare const app: { fetch(request: Request): Promise<Response> }`,
  mcp: `import type { ResourceServer } from 'mcp-bearer'
    import { tokenVerifier } from 'mcp-bearer/mcp'
    declare const server: ResourceServer
    declare const requireBearerAuth: (options: { verifier: object }) => unknown`,
  testing: "import { Issuer } from 'mcp-bearer/testing'",
}
const examplesOf = name => {
  const text = readFileSync(new URL(`../${name}.d.ts`, import.meta.url), 'utf8').replace(/^ +\* ?/gm, '')
  return [...text.matchAll(/```[jt]s\n(.*?)```/gs)].map(([, code]) => code)
}

test('they compile in a strict project', t => {
  const folder = newFolder(t)
  for (const [name, program] of Object.entries({ ...programs, prometheus, openTelemetry, forTests })) {
    writeFileSync(`${folder}/${name}.mts`, program)
  }
  for (const [name, surrounding] of Object.entries(surroundings)) {
    writeFileSync(`${folder}/example-${name}.mts`, [surrounding, ...examplesOf(name)].join('\n'))
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

test('no snippet is left out', () => {
  assert.equal(snippets.filter(isProgram).length, 8)
  assert.deepEqual([...fragments], [])
  const declarations = readdirSync(new URL('..', import.meta.url)).filter(file => file.endsWith('.d.ts'))
  const withExamples = declarations.map(file => file.slice(0, -'.d.ts'.length)).filter(name => examplesOf(name).length > 0)
  assert.deepEqual(withExamples.sort(), Object.keys(surroundings).sort())
})
