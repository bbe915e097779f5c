// The Todo server of the quickstart: REST routes and an MCP server behind one guard.
//
//   PORT=3000 MCP_SERVER_URL=http://127.0.0.1:3000/mcp \
//   SCALEKIT_ENVIRONMENT_URL=https://your-env.scalekit.com RESOURCE_ID=res_123 ./run
//
// With any other provider than Scalekit: MCP_BEARER_ISSUERS=https://as.example.com instead of the
// second line. ALLOWED_ORIGINS lists the web pages that may call (default: those of this machine).
//
//   curl -i http://127.0.0.1:3000/todos                                      # 401, and where to get a token
//   curl -i http://127.0.0.1:3000/.well-known/oauth-protected-resource/mcp   # the metadata
//   curl -i http://127.0.0.1:3000/todos -H "Authorization: Bearer $TOKEN"    # {"todos":[]}
//
// ../README.md has an authorization server for development, and a $TOKEN.
//
//   server.js     the guard, and what is behind it
//   rest.js       routes, each with the scope that it needs
//   tools.js      MCP tools, and the scope that each needs
//   todos.js      the todos, kept by user
//   browsers.js   CORS, and which web pages may call

import { createServer } from 'node:http'

import express from 'express'
import { ResourceServer } from 'mcp-bearer'
import { operations, protect } from 'mcp-bearer/express'

import { browsers } from './browsers.js'
import { rest } from './rest.js'
import { mcp, policy } from './tools.js'

const scopesSupported = ['todo:read', 'todo:write', 'todo:delete']
const server = ResourceServer.fromEnv({ scopesSupported, challengeScopes: ['todo:read'] })
const endpoint = new URL(server.metadata.resource).pathname

const app = express()
app.use(browsers(process.env.ALLOWED_ORIGINS, server))
app.use(protect(server))
app.use(rest)
app.all(endpoint, operations(policy), mcp)

// Tokens may be longer than what Node allows all header fields together.
const listening = createServer({ maxHeaderSize: 32 * 1024 }, app).listen(process.env.PORT ?? 3000, '127.0.0.1')
process.once('SIGTERM', () => {
  listening.close()
  listening.closeAllConnections()
})
