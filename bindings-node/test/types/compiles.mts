// What must compile, in a strict project.

import express, { type RequestHandler } from 'express'
import Fastify, { type FastifyTypeProvider } from 'fastify'
import { requireBearerAuth as requireBearerAuth2 } from '@modelcontextprotocol/express'
import { createMcpHandler, McpServer, OAuthError, requireBearerAuth } from '@modelcontextprotocol/server'
import * as sdk from '@modelcontextprotocol/server'
import * as errors from '@modelcontextprotocol/sdk/server/auth/errors.js'
import type { OAuthTokenVerifier } from '@modelcontextprotocol/sdk/server/auth/provider.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { AuthInfo as AuthInfo1 } from '@modelcontextprotocol/sdk/server/auth/types.js'
import type { AuthInfo as AuthInfo2 } from '@modelcontextprotocol/server'
import {
  AccessToken, ConfigError, Guard, Issuers, MetadataRoutes, OperationGuard, OperationPolicy, Requirement, ResourceServer,
  internalDenial, type Decision, type Denial, type Entry, type HttpRequest, type Reason, type ResourceServerOptions, type Rule,
} from 'mcp-bearer'
import { operations, protect, requirement, requireScope, type AuthInfo } from 'mcp-bearer/express'
import * as fastify from 'mcp-bearer/fastify'
import * as web from 'mcp-bearer/fetch'
import { tokenVerifier, type TokenVerifier } from 'mcp-bearer/mcp'
import { Issuer, type ManualClock, type TokenOptions } from 'mcp-bearer/testing'

const options: ResourceServerOptions = {
  resource: 'https://mcp.example.com/mcp',
  issuers: ['https://as.example.com', { issuer: 'https://b.example.com', jwks: { keys: [] } }] as const,
  scopeHierarchy: { 'todo:admin': ['todo:write'] },
  leewayMs: 0,
  metadata: { resource_name: 'Todo' },
  keys: { clock: () => Date.now(), fetch: async () => ({ status: 200, body: new Uint8Array() }) },
}
const server = new ResourceServer(options)
const shared: Issuers = new Issuers(['https://as.example.com'], { jwksFreshMs: 60_000 })
new ResourceServer({ resource: 'https://h', issuers: shared })
ResourceServer.fromEnv({ challengeScopes: ['todo:read'] }, process.env)

const rule: Rule = call => (call.name === 'x' && call.token.subject !== null ? 'a' : ['a', 'b'])
const policy = new OperationPolicy({ base: 'todo:read', tools: { x: rule, y: Requirement.none() }, otherTools: 'z' })

export function handle(decision: Decision): AccessToken | Denial {
  if (decision.allowed) return decision.token
  const reason: Reason = decision.denial.reason
  const known: boolean = reason === 'missing_token' || reason === 'something_new'
  return known ? decision.denial : decision.denial
}

export const internal: Denial = internalDenial()

export function name(entry: Entry): string {
  switch (entry.kind) {
    case 'authenticated':
      return entry.token.issuer
    case 'answer':
      return entry.response.body
    case 'denied':
      return entry.denial.reason
    case 'public':
    case 'anonymous':
      return entry.kind
  }
}

export async function use(request: HttpRequest): Promise<void> {
  const decision: Decision = server.tryAuthorize(request, Requirement.scope('a')) ?? (await server.authorize(request, Requirement.anyOf(['a'] as const)))
  if (decision.allowed) {
    const seconds: number | null = decision.token.expiresAt
    const roles: unknown = decision.token.claims['roles']
    void [seconds, roles]
  }
  const operation = new OperationGuard(server, policy).permit(null, { method: 'POST', rawHeaders: [], body: 'x' })
  const maybe: AccessToken | null = operation.allowed ? operation.token : null
  const issuers: string[] = server.metadata.document.authorization_servers
  void [maybe, issuers, new Guard(server, { publicRoutes: ['/health'] }), new MetadataRoutes([server], { rootAlias: 'nobody' })]
}

const app = express()
app.use(protect(server, { publicRoutes: ['/health'] }))
app.get('/todos', requireScope('todo:read', 'todo:list'), (req, res) => {
  const subject: string | null | undefined = req.accessToken?.subject
  const scopes: string[] | undefined = req.auth?.scopes
  res.json({ subject, scopes })
})
app.get('/staff', requirement(Requirement.claimContains('roles', 'staff').and(Requirement.none())))
const handler: RequestHandler = operations(policy, { server })
app.post('/mcp', handler, async (req, res) => {
  // What the SDKs' transports read.
  const info: AuthInfo | undefined = req.auth
  const info1: AuthInfo1 | undefined = info
  const info2: AuthInfo2 | undefined = info
  void [info1, info2]
  await new StreamableHTTPServerTransport({}).handleRequest(req, res)
})

const mcp = createMcpHandler(() => new McpServer({ name: 'todo', version: '1' }))
const gates: web.Gate[] = [web.protect(server), web.operations(policy), web.requireScope('a'), web.requirement(Requirement.none())]
export async function serve(request: Request): Promise<Response> {
  for (const gate of gates) {
    const answer = await gate(request)
    if (answer !== undefined) return web.finish(request, answer)
  }
  const authInfo = web.auth(request)
  return web.finish(request, await mcp.fetch(request, authInfo === undefined ? {} : { authInfo }))
}

const verifier: TokenVerifier = tokenVerifier(server, { OAuthError })
// Their middleware itself would clash with that of v2: both declare `req.auth`.
export const verifier1: OAuthTokenVerifier = tokenVerifier(server, errors)
app.use(requireBearerAuth2({ verifier }), requireBearerAuth2({ verifier: tokenVerifier(server, sdk) }))
requireBearerAuth({ verifier, requiredScopes: ['a'], resourceMetadataUrl: server.metadata.url })

const fast = Fastify()
await fast.register(fastify.protect(server, { publicRoutes: ['/health'] }))
fast.get('/todos', { onRequest: fastify.requireScope('todo:read') }, async request => {
  const subject: string | null | undefined = request.accessToken?.subject
  return { subject, scopes: request.auth?.scopes }
})
fast.get('/staff', { onRequest: [fastify.requirement(Requirement.none())] }, async () => 'x')
fast.post('/mcp', { preParsing: fastify.operations(policy, { server }) }, async (request, reply) => {
  reply.hijack()
  await new StreamableHTTPServerTransport({}).handleRequest(request.raw, reply.raw, request.body)
})
fast.post<{ Params: { id: string } }>('/:id', { onRequest: fastify.requireScope('a') }, async request => request.params.id)
const typed = fast.withTypeProvider<FastifyTypeProvider & { validator: unknown }>()
typed.get('/x', { onRequest: fastify.requireScope('a'), preParsing: [fastify.operations(policy)] }, async () => 'x')
const secure = Fastify({ http2: true })
await secure.register(fastify.protect(server))
secure.get('/x', { onRequest: fastify.requireScope('a') }, async request => request.accessToken?.subject)
fast.addHook('preParsing', fastify.operations(policy))
fast.addHook('onRequest', fastify.requireScope('a'))
const issuer = new Issuer('https://as.example.com', { algorithm: 'ES256' })
const forTests: ResourceServer = issuer.server({ resource: 'https://h', leewayMs: 0 })
const audience = 'https://h'
const token: TokenOptions = { audience, scope: 'a', claims: { exp: undefined, roles: ['staff'] }, header: { kid: 'other' } }
const values: string[] = [issuer.token(token), issuer.authorization({ audience }), issuer.identifier]
const clock: ManualClock = issuer.clock
clock.advance(60_000)
clock.now = Date.now()
issuer.rotate()
void [forTests, values, issuer.jwks.keys.length, ResourceServer.fromEnv({ issuers: issuer.issuers() })]

try {
  new ResourceServer(options)
} catch (error) {
  if (error instanceof ConfigError) {
    const code: 'ERR_MCP_BEARER_CONFIG' = error.code
    console.error(code, error.setting, error.message)
  }
}
