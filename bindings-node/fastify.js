'use strict'

// Fastify 5. Translates between Fastify and the guards; no rule is here.

const { Readable, finished } = require('node:stream')

const { mayHaveBody, readBody } = require('./body.js')
const { Guard } = require('./index.js')
const { accessToken, admit, allOf, answerTo, auth, found, operationGuards, tokenFor } = require('./shared.js')

/** Protects the whole application and serves the metadata: `app.register(protect(server))`. */
function protect(server, options) {
  const guard = new Guard(server, options)
  const enter = async ({ raw }, reply) => {
    const entry = guard.tryEnter(raw) ?? (await guard.enter(raw))
    const instead = answerTo(entry, 'authenticated', 'public')
    if (instead !== undefined) return answer(reply, instead)
    admit(raw, server, entry.token)
    addHeaders(reply, entry.responseHeaders)
  }
  const plugin = async app => {
    app.decorateRequest('accessToken', { getter() { return accessToken(this.raw) } })
    app.decorateRequest('auth', { getter() { return auth(this.raw) } })
    app.addHook('onRequest', enter)
  }
  return Object.assign(plugin, MEANT_FOR_WHOM_REGISTERS)
}

/** What a route needs: every one of these scopes. An `onRequest` hook. */
function requireScope(...scopes) {
  return requirement(allOf(scopes))
}

/** What a route needs: any `Requirement`. An `onRequest` hook. */
function requirement(needed) {
  return async ({ raw }, reply) => {
    const { server, token } = found(raw)
    const decision =
      token !== null ? server.permit(token, needed) : (server.tryAuthorize(raw, needed) ?? (await server.authorize(raw, needed)))
    if (!decision.allowed) return answer(reply, decision.denial)
    admit(raw, server, decision.token)
    addHeaders(reply, decision.responseHeaders)
  }
}

/** Judges each JSON-RPC message by a policy. A `preParsing` hook: what it has judged is what is parsed. */
function operations(policy, { server: own } = {}) {
  const guardOf = operationGuards(policy, own)
  return async ({ raw }, reply, payload) => {
    const { server, guard } = guardOf(raw)
    let token = tokenFor(raw, server)
    if (token === null) {
      const entry = guard.tryEnter(raw) ?? (await guard.enter(raw))
      const instead = answerTo(entry, 'authenticated', 'anonymous')
      if (instead !== undefined) return answer(reply, instead)
      addHeaders(reply, entry.responseHeaders)
      token = entry.token
    }
    const { method, rawHeaders } = raw
    const [body, judged] = mayHaveBody(raw) ? await peek(payload, policy.bodyLimit) : []
    const decision = guard.permit(token, { method, rawHeaders, body })
    if (!decision.allowed) return answer(reply, decision.denial)
    admit(raw, server, decision.token)
    addHeaders(reply, decision.responseHeaders)
    // The transports of the MCP SDKs get the request of Node, and look for the caller there.
    raw.auth = auth(raw)
    return judged
  }
}

/** Writes an answer beside what other layers have set: of CORS, theirs holds. */
function answer(reply, { status, headers, body }) {
  for (const [name] of headers) if (!name.startsWith('access-control-')) reply.removeHeader(name)
  for (const [name, value] of headers) {
    if (name.startsWith('access-control-allow-') && reply.hasHeader(name)) continue
    reply.header(name, reply.hasHeader(name) ? [reply.getHeader(name), value].flat() : value)
  }
  // What is left of an upload is let by: a client that sends all of it before it reads would wait for ever.
  reply.request.raw.resume()
  // As bytes: to the type of a text Fastify adds a charset, and JSON has none (RFC 8259, section 11).
  return reply.code(status).send(body === '' ? undefined : Buffer.from(body))
}

/** For the response of Node, so that they are on it also where the handler writes it itself. */
function addHeaders({ raw }, headers = []) {
  for (const [name, value] of headers) raw.appendHeader(name, value)
}

/** Reads a body until it ends or exceeds the limit: its bytes, and the stream that still has them. */
function peek(payload, limit) {
  if (payload.readableEnded) throw new Error('mcp-bearer: the body was read before operations()')
  return new Promise(resolve => {
    // What breaks off cannot be judged: nor can an empty text, so that the policy refuses it.
    finished(payload, { writable: false }, error => error && resolve([Buffer.alloc(0)]))
    readBody(payload, limit, body => {
      // Nothing can be put back into what has ended, such as the request of `app.inject`.
      if (payload.readableEnded) return resolve([body, Readable.from([body], { objectMode: false })])
      if (body.length > 0) payload.unshift(body)
      resolve([body, payload])
    })
  })
}

/** The hooks of this plugin are for the instance that registers it, not for one of its own. */
const MEANT_FOR_WHOM_REGISTERS = {
  [Symbol.for('skip-override')]: true,
  [Symbol.for('fastify.display-name')]: 'mcp-bearer',
  [Symbol.for('plugin-meta')]: { name: 'mcp-bearer', fastify: '5.x' },
}

module.exports.operations = operations
module.exports.protect = protect
module.exports.requirement = requirement
module.exports.requireScope = requireScope
