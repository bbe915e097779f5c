// A gateway: the guard in front of an MCP server that knows nothing of tokens.
//
//   PORT=3000 MCP_SERVER_URL=http://127.0.0.1:3000/mcp UPSTREAM=http://127.0.0.1:4000/mcp \
//   MCP_BEARER_ISSUERS=https://as.example.com node server.js
//
// UPSTREAM is the full URL of the MCP endpoint behind it. Any operation needs a valid token with
// todo:read, unless OPERATION_POLICY names a JSON file that says which tool needs which scopes, such
// as {"list_todos": ["todo:read"]}: then a tool that it does not name is refused, and everything that
// is no tool needs a valid token.
//
// EXPRESS_JSON=before or after puts express.json() around the guard, as an application might.

import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

import express from 'express'
import { OperationPolicy, ResourceServer } from 'mcp-bearer'
import { operations, protect, requireScope } from 'mcp-bearer/express'

import { answerBrowsers } from './browsers.js'
import { forwardTo } from './proxy.js'

const { EXPRESS_JSON, OPERATION_POLICY, PORT = 3000, UPSTREAM } = process.env
const server = ResourceServer.fromEnv({ scopesSupported: ['todo:read'], challengeScopes: ['todo:read'] })
const endpoint = new URL(server.metadata.resource).pathname

const guard = OPERATION_POLICY
  ? operations(new OperationPolicy({ tools: JSON.parse(readFileSync(OPERATION_POLICY, 'utf8')) }))
  : requireScope('todo:read')
const json = (place, options) => (EXPRESS_JSON === place ? [express.json({ limit: '4mb', ...options })] : [])
// Behind the guard the bytes are what was judged; before it, the value is.
const verify = (req, res, bytes) => {
  req.judged = bytes
}

const app = express()
app.use(answerBrowsers)
app.use(...json('before'), protect(server))
for (const method of ['get', 'post', 'delete']) {
  app[method](endpoint, guard, ...json('after', { verify }), forwardTo(new URL(UPSTREAM)))
}

// Tokens may be longer than what Node allows all header fields together.
const listening = createServer({ maxHeaderSize: 32 * 1024 }, app).listen(PORT, '127.0.0.1')
process.once('SIGTERM', () => {
  listening.close()
  listening.closeAllConnections()
})
