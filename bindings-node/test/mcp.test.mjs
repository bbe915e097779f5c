// The transports of the official MCP SDKs, behind our gates, hand the caller to tools.

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import test from 'node:test'

import { getRequestListener } from '@hono/node-server'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createMcpExpressApp } from '@modelcontextprotocol/express'
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node'
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as ClientTransport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer as McpServer1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { WebStandardStreamableHTTPServerTransport as WebTransport1 } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { McpServer, Server, WebStandardStreamableHTTPServerTransport, createMcpHandler } from '@modelcontextprotocol/server'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'

import { OperationPolicy } from 'mcp-bearer'
import { operations, protect } from 'mcp-bearer/express'
import * as fastify from 'mcp-bearer/fastify'
import { auth, operations as fetchOperations, protect as fetchProtect } from 'mcp-bearer/fetch'
import { call, newIssuer, newServer, serve } from './kit.mjs'

const as = newIssuer()
const policy = new OperationPolicy({ tools: { who: 'todo:read', admin: 'todo:admin' } })
const shown = info => ({ content: [{ type: 'text', text: `${info?.extra.claims.sub} ${info?.scopes} ${info?.clientId}` }] })

function newServer1() {
  const server = new McpServer1({ name: 'test', version: '1' })
  server.registerTool('who', {}, extra => shown(extra.authInfo))
  server.registerTool('admin', {}, extra => shown(extra.authInfo))
  return server
}

function newServer2() {
  const server = new McpServer({ name: 'test', version: '1' })
  server.registerTool('who', {}, ctx => shown(ctx.http?.authInfo))
  server.registerTool('admin', {}, ctx => shown(ctx.http?.authInfo))
  return server
}

/** A stateless transport of either generation, new for each request. */
const perRequest = (newMcpServer, Transport) => async (req, res) => {
  const transport = new Transport({ sessionIdGenerator: undefined })
  res.on('close', () => transport.close())
  await newMcpServer().connect(transport)
  await transport.handleRequest(req, res, req.body)
}

const handlers = {
  'SDK v1 transport': perRequest(newServer1, StreamableHTTPServerTransport),
  'SDK v2 transport': perRequest(newServer2, NodeStreamableHTTPServerTransport),
  'SDK v2 handler': toNodeHandler(createMcpHandler(newServer2)),
  'SDK v2 handler with a parsed body': (req, res) => toNodeHandler(createMcpHandler(newServer2))(req, res, req.body),
}

/** Calls tools as two users at once, with the official client of each generation. */
async function drive(url) {
  for (const [Client_, Transport] of [[Client1, ClientTransport1], [Client, StreamableHTTPClientTransport]]) {
    const connect = async claims => {
      const client = new Client_({ name: 'test', version: '1' })
      const requestInit = { headers: { Authorization: as.bearer(claims) } }
      const transport = new Transport(new URL(url), { requestInit })
      await client.connect(transport)
      return { client, transport }
    }
    const both = await Promise.all(['alice', 'bob'].map(sub => connect({ sub, scope: 'todo:read' })))
    const answers = await Promise.all(both.map(({ client }) => client.callTool({ name: 'who', arguments: {} })))
    assert.deepEqual(answers.map(({ content }) => content[0].text), ['alice todo:read app', 'bob todo:read app'])
    await assert.rejects(both[0].client.callTool({ name: 'admin', arguments: {} }), /insufficient.scope/i)
    for (const { client, transport } of both) {
      if (transport.sessionId !== undefined) await transport.terminateSession()
      await client.close()
    }
  }
  const headers = { Authorization: as.bearer({ scope: 'todo:read' }), 'Content-Type': 'application/json' }
  const refused = await fetch(url, { method: 'POST', headers, body: call('admin') })
  assert.equal(refused.status, 403)
  assert.match(refused.headers.get('www-authenticate'), /error="insufficient_scope"/)
  assert.equal((await fetch(url, { method: 'POST', body: call('who') })).status, 401)
}

for (const [name, handler] of Object.entries(handlers)) {
  for (const [place, before, after] of [['after', [], [express.json()]], ['before', [express.json()], []], ['absent', [], []]]) {
    if (name.includes('parsed') && place === 'absent') continue
    test(`${name}, express.json() ${place}`, async t => {
      const app = express()
      app.use(before.concat(protect(newServer(as))))
      const chain = [operations(policy), ...after, handler]
      // The handler of SDK v2 takes a parsed body as an argument, and otherwise reads the stream.
      if (name === 'SDK v2 handler' && place !== 'absent') chain.splice(-1, 1, (req, res) => handler(req, res, req.body))
      app.all('/mcp', ...chain)
      await drive(`${await serve(t, app)}/mcp`)
    })
  }
}

test('the express app of SDK v2, which parses bodies itself', async t => {
  const app = createMcpExpressApp()
  app.use(protect(newServer(as)))
  app.all('/mcp', operations(policy), handlers['SDK v2 handler with a parsed body'])
  await drive(`${await serve(t, app)}/mcp`)
})

/** What two users with other scopes see, through the official client. */
async function lists(t, newMcpServer) {
  const app = express()
  app.use(protect(newServer(as)))
  app.all('/mcp', operations(policy), toNodeHandler(createMcpHandler(newMcpServer)))
  const url = `${await serve(t, app)}/mcp`
  const found = []
  for (const scope of ['todo:read', 'todo:admin todo:read']) {
    const client = new Client({ name: 'test', version: '1' })
    const requestInit = { headers: { Authorization: as.bearer({ scope }) } }
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
    const { tools, cacheScope } = await client.listTools()
    found.push([tools.map(({ name }) => name), cacheScope])
    await client.close()
  }
  return found
}

test('a list is filtered in the handler of a server', async t => {
  const own = newServer(as)
  const tools = ['admin', 'who', 'unlisted'].map(name => ({ name, inputSchema: { type: 'object' } }))
  const found = await lists(t, () => {
    const server = new Server({ name: 'test', version: '1' }, { capabilities: { tools: {} } })
    server.setRequestHandler('tools/list', (request, ctx) => {
      return own.filterToolsList(ctx.http.authInfo.extra.accessToken, policy, { tools, cacheScope: 'public' })
    })
    return server
  })
  assert.deepEqual(found, [[['who'], 'private'], [['admin', 'who'], 'private']])
})

test('a list is filtered by disabling what is not shown', async t => {
  const own = newServer(as)
  const found = await lists(t, ({ authInfo }) => {
    const server = new McpServer({ name: 'test', version: '1' })
    for (const name of ['admin', 'who']) {
      const tool = server.registerTool(name, {}, ctx => shown(ctx.http?.authInfo))
      if (!own.showsTool(authInfo.extra.accessToken, policy, name)) tool.disable()
    }
    return server
  })
  assert.deepEqual(found.map(([names]) => names), [['who'], ['admin', 'who']])
})

/** A transport of either generation for each session, as long as its client wants it. */
const perSession = (newMcpServer, Transport) => {
  const sessions = new Map()
  return async (req, res) => {
    let transport = sessions.get(req.headers['mcp-session-id'])
    if (transport === undefined) {
      transport = new Transport({
        sessionIdGenerator: randomUUID,
        onsessioninitialized: id => void sessions.set(id, transport),
        onsessionclosed: id => void sessions.delete(id),
      })
      await newMcpServer().connect(transport)
    }
    await transport.handleRequest(req, res, req.body)
    return sessions
  }
}

for (const [name, handler] of [
  ['SDK v1', perSession(newServer1, StreamableHTTPServerTransport)],
  ['SDK v2', perSession(newServer2, NodeStreamableHTTPServerTransport)],
]) {
  test(`sessions of ${name}`, async t => {
    const app = express()
    app.use(protect(newServer(as)))
    let sessions
    app.all('/mcp', operations(policy), async (req, res) => (sessions = await handler(req, res)))
    await drive(`${await serve(t, app)}/mcp`)
    assert.equal(sessions.size, 0)
  })
}

for (const [name, handler] of Object.entries(handlers)) {
  if (name.includes('parsed')) continue
  test(`${name} in Fastify`, async t => {
    const app = Fastify({ forceCloseConnections: true })
    app.register(fastify.protect(newServer(as)))
    app.all('/mcp', { preParsing: fastify.operations(policy) }, (request, reply) => {
      reply.hijack()
      request.raw.body = request.body
      return handler(request.raw, reply.raw, request.body)
    })
    t.after(() => app.close())
    await drive(`${await app.listen({ port: 0, host: '127.0.0.1' })}/mcp`)
  })
}

/** A stateless web-standard transport of either generation, new for each request. */
const perWebRequest = (newMcpServer, Transport) => async (request, options) => {
  const transport = new Transport({ sessionIdGenerator: undefined })
  await newMcpServer().connect(transport)
  return transport.handleRequest(request, options)
}

const webHandlers = {
  'SDK v1 web-standard transport': perWebRequest(newServer1, WebTransport1),
  'SDK v2 web-standard transport': perWebRequest(newServer2, WebStandardStreamableHTTPServerTransport),
  'SDK v2 handler': createMcpHandler(newServer2).fetch,
}

for (const [name, handler] of Object.entries(webHandlers)) {
  test(`${name} in Hono`, async t => {
    const app = new Hono()
    for (const gate of [fetchProtect(newServer(as)), fetchOperations(policy)]) {
      app.use(async (c, next) => (await gate(c.req.raw)) ?? next())
    }
    app.all('/mcp', c => handler(c.req.raw, { authInfo: auth(c.req.raw) }))
    await drive(`${await serve(t, getRequestListener(app.fetch))}/mcp`)
  })

  test(`${name} without a framework`, async t => {
    const [gate, judge] = [fetchProtect(newServer(as)), fetchOperations(policy)]
    const fetch = async request => (await gate(request)) ?? (await judge(request)) ?? handler(request, { authInfo: auth(request) })
    await drive(`${await serve(t, toNodeHandler({ fetch }))}/mcp`)
  })
}
