// What must not compile: `tsc` fails on an expected error that does not come.

import Fastify from 'fastify'
import { InvalidTokenError, OAuthError as OAuthError1 } from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { AccessToken, OperationPolicy, Requirement, ResourceServer, type Decision } from 'mcp-bearer'
import { operations, protect, requireScope } from 'mcp-bearer/express'
import * as fastify from 'mcp-bearer/fastify'
import { tokenVerifier } from 'mcp-bearer/mcp'
import { Issuer } from 'mcp-bearer/testing'

declare const server: ResourceServer
declare const decision: Decision
declare const issuer: Issuer
const resource = 'https://mcp.example.com/mcp'
const issuers = ['https://as.example.com']

// @ts-expect-error: issuers are needed
new ResourceServer({ resource })
// @ts-expect-error: a list, not a string
new ResourceServer({ resource, issuers: 'https://as.example.com' })
// @ts-expect-error: an option that does not exist
new ResourceServer({ resource, issuers, audience: resource })
// @ts-expect-error: durations say their unit
new ResourceServer({ resource, issuers, leeway: 30 })
// @ts-expect-error: the resource comes from the environment
ResourceServer.fromEnv({ resource })
// @ts-expect-error: a token cannot be made
AccessToken.from('x')
// @ts-expect-error: whether it is allowed comes first
decision.token.subject
// @ts-expect-error: a refusal has no token
if (!decision.allowed) decision.token.subject
// @ts-expect-error: a subject may be absent
if (decision.allowed) decision.token.subject.length
// @ts-expect-error: claims are unknown until looked at
if (decision.allowed) decision.token.claims['roles'].length
// @ts-expect-error: a requirement, not a scope
void server.authorize({ method: 'GET', url: '/', rawHeaders: [] }, 'todo:read')
// @ts-expect-error: a header object hides repeated fields
server.tryAuthenticate({ method: 'GET', url: '/', headers: {} })
// @ts-expect-error: at least one scope
requireScope()
// @ts-expect-error: a rule gives a need at once
new OperationPolicy({ tools: { x: async () => 'a' } })
// @ts-expect-error: no such option
protect(server, { publicPaths: ['/health'] })
// @ts-expect-error: a policy, not its options
operations({ tools: {} })
// @ts-expect-error: requirements are made by their functions
Requirement.all_of(['a'])
// @ts-expect-error: the errors of an SDK are needed
tokenVerifier(server)
// @ts-expect-error: SDK v1 has a class for a server at fault
tokenVerifier(server, { InvalidTokenError })
// @ts-expect-error: this class of SDK v1 says nothing that its middleware knows
tokenVerifier(server, { OAuthError: OAuthError1 })
// @ts-expect-error: the body is there before it is parsed, not at the start of a request
Fastify().get('/', { onRequest: fastify.operations(new OperationPolicy({})) }, async () => 'x')
// @ts-expect-error: a plugin, not a hook
Fastify().addHook('onRequest', fastify.protect(server))
// @ts-expect-error: only a guard says who is calling
Fastify().get('/', async request => (request.accessToken = undefined))
// @ts-expect-error: whose keys are trusted is settled
issuer.server({ resource, issuers })
// @ts-expect-error: a token is for somebody
issuer.token({ scope: 'todo:read' })
// @ts-expect-error: scopes are one string, as in the token
issuer.token({ audience: resource, scope: ['todo:read'] })
// @ts-expect-error: there is one clock
issuer.clock = { now: 0, advance() {} }
