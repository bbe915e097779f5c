'use strict'

// Web-standard servers: gates from a Request to the Response that answers it instead, if any.

const { Guard } = require('./index.js')
const { accessToken, admit, allOf, answerTo, auth, found, operationGuards, tokenFor } = require('./shared.js')

/** Protects the whole application and serves the metadata: `finish(request, (await gate(request)) ?? (await app(request)))`. */
function protect(server, options) {
  const guard = new Guard(server, options)
  return async request => {
    const http = httpRequest(request)
    const entry = guard.tryEnter(http) ?? (await guard.enter(http))
    const instead = answerTo(entry, 'authenticated', 'public')
    if (instead !== undefined) return response(instead)
    admit(request, server, entry.token)
    owe(request, entry.responseHeaders)
  }
}

/** What a route needs: every one of these scopes. */
function requireScope(...scopes) {
  return requirement(allOf(scopes))
}

/** What a route needs: any `Requirement`. */
function requirement(needed) {
  return async request => {
    const { server, token } = found(request)
    const decision = token !== null ? server.permit(token, needed) : await authorize(server, request, needed)
    if (!decision.allowed) return response(decision.denial)
    admit(request, server, decision.token)
    owe(request, decision.responseHeaders)
  }
}

/** Judges each JSON-RPC message by a policy. The request keeps its body, which is what was judged. */
function operations(policy, { server: own } = {}) {
  const guardOf = operationGuards(policy, own)
  return async request => {
    const { server, guard } = guardOf(request)
    const http = httpRequest(request)
    let token = tokenFor(request, server)
    if (token === null) {
      const entry = guard.tryEnter(http) ?? (await guard.enter(http))
      const instead = answerTo(entry, 'authenticated', 'anonymous')
      if (instead !== undefined) return response(instead)
      owe(request, entry.responseHeaders)
      token = entry.token
    }
    const body = await peek(request, policy.bodyLimit)
    const decision = guard.permit(token, { ...http, body })
    if (!decision.allowed) return response(decision.denial)
    admit(request, server, decision.token)
    owe(request, decision.responseHeaders)
  }
}

/** Adds what the gates want on the response to a request, whatever it is: theirs, or the application's. */
function finish(request, response) {
  const fields = owed.get(request)
  if (fields === undefined) return response
  // The headers of a response that came from elsewhere cannot be changed.
  const finished = new Response(response.body, response)
  for (const [name, value] of fields) finished.headers.append(name, value)
  return finished
}

/** request -> the fields that the gates want on its response. */
const owed = new WeakMap()

function owe(request, fields = []) {
  if (fields.length > 0) owed.set(request, [...(owed.get(request) ?? []), ...fields])
}

async function authorize(server, request, needed) {
  const http = httpRequest(request)
  return server.tryAuthorize(http, needed) ?? (await server.authorize(http, needed))
}

/** A repeated field is one value with commas here, which is still seen as more than one. */
function httpRequest(request) {
  const { pathname, search } = new URL(request.url)
  return { method: request.method, url: pathname + search, rawHeaders: [...request.headers].flat() }
}

function response({ status, headers, body }) {
  return new Response(body === '' ? null : body, { status, headers })
}

/** Reads a copy until it ends or exceeds the limit, which is enough for the policy to see that. */
async function peek(request, limit) {
  if (request.bodyUsed) throw new Error('mcp-bearer: the body was read before operations()')
  if (request.body === null) return ''
  const chunks = []
  let size = 0
  const copy = request.clone().body.getReader()
  while (size <= limit) {
    const { done, value } = await copy.read()
    if (done) break
    chunks.push(value)
    size += value.length
  }
  // The rest is not wanted; that is settled only with the request's own body, so nobody waits.
  copy.cancel().catch(() => {})
  return Buffer.concat(chunks)
}

module.exports.accessToken = accessToken
module.exports.auth = auth
module.exports.finish = finish
module.exports.operations = operations
module.exports.protect = protect
module.exports.requirement = requirement
module.exports.requireScope = requireScope
