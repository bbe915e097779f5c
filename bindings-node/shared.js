'use strict'

// What the adapters share: where the verified token of a request is kept, and how it looks to the
// MCP SDKs. Nothing here decides anything.

const { OperationGuard, Requirement, internalDenial } = require('./index.js')

/** request -> { server, token }, written by a guard that has let the request in. */
const entered = new WeakMap()

/** Remembers who is calling; `token` is null for what needs none. */
function admit(request, server, token) {
  entered.set(request, { server, token: token ?? null })
}

/** What a guard has left of this request. */
function found(request) {
  const left = entered.get(request)
  if (left === undefined) throw new Error('mcp-bearer: no guard has seen this request; install protect(server) first')
  return left
}

/** The verified token of a request that a guard has let in; undefined where none was needed. */
function accessToken(request) {
  return entered.get(request)?.token ?? undefined
}

/** The same in the shape of the MCP SDKs. */
function auth(request) {
  const { token, server } = entered.get(request) ?? {}
  return token ? authInfo(token, server) : undefined
}

/** What to answer, unless the request goes on, which only entries of these kinds do. */
function answerTo(entry, ...admitted) {
  if (admitted.includes(entry.kind)) return undefined
  return entry.response ?? entry.denial ?? internalDenial()
}

/** The token, if the guard of this very server has verified it: any other is for another audience. */
function tokenFor(request, server) {
  const left = entered.get(request)
  return left !== undefined && left.server === server ? left.token : null
}

/** One guard per server for a policy; the server is the given one, or that of the guard before. */
function operationGuards(policy, server) {
  const guards = new WeakMap()
  const guardOf = own => {
    if (!guards.has(own)) guards.set(own, new OperationGuard(own, policy))
    return guards.get(own)
  }
  if (server !== undefined) guardOf(server)
  return request => {
    const own = server ?? found(request).server
    return { server: own, guard: guardOf(own) }
  }
}

/** Every one of these scopes; a wrong one throws here, at setup. */
function allOf(scopes) {
  return Requirement.allOf(scopes)
}

/** The shape in which the MCP SDKs hand the caller to tools. What costs more is made when asked for. */
function authInfo(token, server) {
  return {
    token: token.secret,
    clientId: token.clientId ?? '',
    scopes: token.scopes,
    expiresAt: token.expiresAt ?? undefined,
    get resource() {
      return new URL(server.metadata.resource)
    },
    get extra() {
      return { claims: token.claims, accessToken: token }
    },
  }
}

module.exports = { accessToken, admit, allOf, answerTo, auth, authInfo, entered, found, operationGuards, tokenFor }
