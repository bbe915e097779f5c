// The transports of the official MCP SDKs hand the caller to tools.

import assert from 'node:assert/strict'
import test from 'node:test'

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createMcpExpressApp } from '@modelcontextprotocol/express'
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node'
import { McpServer as McpServer1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { McpServer, createMcpHandler } from '@modelcontextprotocol/server'
import express from 'express'

import { OperationPolicy } from 'mcp-bearer'
import { operations, protect } from 'mcp-bearer/express'
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

/** Calls tools as two users at once, with the official client. */
async function drive(url) {
  const connect = async claims => {
    const client = new Client({ name: 'test', version: '1' })
    const requestInit = { headers: { Authorization: as.bearer(claims) } }
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
    return client
  }
  const clients = await Promise.all(['alice', 'bob'].map(sub => connect({ sub, scope: 'todo:read' })))
  const answers = await Promise.all(clients.map(client => client.callTool({ name: 'who', arguments: {} })))
  assert.deepEqual(answers.map(({ content }) => content[0].text), ['alice todo:read app', 'bob todo:read app'])
  for (const client of clients) await client.close()
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

test('the web-standard handler of SDK v2', async t => {
  const handler = createMcpHandler(newServer2)
  const gates = [fetchProtect(newServer(as)), fetchOperations(policy)]
  const app = toNodeHandler({
    fetch: async request => {
      for (const gate of gates) {
        const answer = await gate(request)
        if (answer !== undefined) return answer
      }
      return handler.fetch(request, { authInfo: auth(request) })
    },
  })
  await drive(`${await serve(t, app)}/mcp`)
})
