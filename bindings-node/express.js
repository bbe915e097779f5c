'use strict'

// Express 5 and 4. Translates between Express and the guards; no rule is here.

const { IncomingMessage } = require('node:http')

const { mayHaveBody, readBody } = require('./body.js')
const { Guard } = require('./index.js')
const { admit, allOf, answerTo, authInfo, entered, found, operationGuards, tokenFor } = require('./shared.js')

/** Protects the whole application and serves the metadata: `app.use(protect(server))`. */
function protect(server, options) {
  const guard = new Guard(server, options)
  return (req, res, next) => {
    const enter = entry => {
      const instead = answerTo(entry, 'authenticated', 'public')
      if (instead !== undefined) return answer(res, instead)
      remember(req, server, entry.token)
      addHeaders(res, entry.responseHeaders)
      next()
    }
    decide(guard.tryEnter(req), () => guard.enter(req), enter, next)
  }
}

/** What a route needs: every one of these scopes. */
function requireScope(...scopes) {
  return requirement(allOf(scopes))
}

/** What a route needs: any `Requirement`. */
function requirement(needed) {
  return (req, res, next) => {
    const { server, token } = found(req)
    const permit = decision => {
      if (!decision.allowed) return answer(res, decision.denial)
      remember(req, server, decision.token)
      addHeaders(res, decision.responseHeaders)
      next()
    }
    if (token !== null) return permit(server.permit(token, needed))
    decide(server.tryAuthorize(req, needed), () => server.authorize(req, needed), permit, next)
  }
}

/**
 * Judges each JSON-RPC message by a policy: attached to the MCP handler, which gets exactly the
 * bytes, or the parsed value, that were judged.
 */
function operations(policy, { server: own } = {}) {
  const guardOf = operationGuards(policy, own)
  return (req, res, next) => {
    const { server, guard } = guardOf(req)
    const permit = (token, content) => {
      const { method, rawHeaders } = req
      const decision = guard.permit(token, { method, rawHeaders, ...content })
      if (!decision.allowed) return answer(res, decision.denial)
      remember(req, server, decision.token)
      addHeaders(res, decision.responseHeaders)
      if (content.body !== undefined) handBack(req, content.body)
      next()
    }
    const judge = token => {
      if (!mayHaveBody(req)) return permit(token, { body: '' })
      // The stream has been read: what runs is what the framework has made of it.
      if (req.readableEnded) return permit(token, { parsed: parsed(req) })
      readBody(req, policy.bodyLimit, body => attempt(() => permit(token, { body }), next))
    }
    const enter = entry => {
      const instead = answerTo(entry, 'authenticated', 'anonymous')
      if (instead !== undefined) return answer(res, instead)
      addHeaders(res, entry.responseHeaders)
      judge(entry.token)
    }
    const token = tokenFor(req, server)
    if (token !== null) return judge(token)
    decide(guard.tryEnter(req), () => guard.enter(req), enter, next)
  }
}

/** Goes on now if the answer is there, else when it is. */
function decide(now, later, proceed, next) {
  if (now !== null) return proceed(now)
  later().then(proceed).catch(next)
}

/** Reports what is thrown outside of Express's own call. */
function attempt(call, next) {
  try {
    call()
  } catch (error) {
    next(error)
  }
}

/** Lets `req.accessToken` and `req.auth` say who is calling. */
function remember(req, server, token) {
  admit(req, server, token)
  if (token == null) return
  const requests = expressRequest(req)
  // On a request of its own they are defined anew, over what another layer has set.
  if (requests === req) return void Object.defineProperties(req, ofOne)
  if (!prepared.has(requests)) {
    Object.defineProperties(requests, ofAll)
    prepared.add(requests)
  }
  // What another layer has set on this request alone is not who the guard has let in.
  for (const name of names) if (Object.hasOwn(req, name)) delete req[name]
}

/** What all requests of this Express inherit, or the request itself where there is no Express. */
function expressRequest(req) {
  for (let object = req, above; (above = Object.getPrototypeOf(object)) !== null; object = above) {
    if (above === IncomingMessage.prototype) return object
  }
  return req
}

/**
 * Members like `req.ip`, which all requests inherit. Two that are set on each request of its own cost
 * Node more than twice the check of its token, and few handlers read both.
 */
const ofAll = callers(false)
const ofOne = callers(true)
const names = Object.keys(ofOne)
const prepared = new WeakSet()

/** Whoever lists what a request inherits may be of another application in this process. */
function callers(enumerable) {
  return {
    accessToken: caller('accessToken', enumerable, ({ token }) => token),
    auth: caller('auth', enumerable, caller => (caller.auth ??= authInfo(caller.token, caller.server))),
  }
}

function caller(name, enumerable, read) {
  return {
    configurable: true,
    enumerable,
    get() {
      const caller = entered.get(this)
      return caller?.token ? read(caller) : undefined
    },
    set(value) {
      Object.defineProperty(this, name, { configurable: true, enumerable: true, writable: true, value })
    },
  }
}

/** Writes an answer beside what other layers have set: of CORS, theirs holds. */
function answer(res, { status, headers, body }) {
  res.statusCode = status
  for (const [name] of headers) if (!name.startsWith('access-control-')) res.removeHeader(name)
  addHeaders(res, headers)
  res.end(body)
  // What is left of an upload is let by, as Node does itself where nobody has begun to read: a
  // client that sends all of it before it reads would wait for ever.
  res.req.resume()
}

function addHeaders(res, headers = []) {
  for (const [name, value] of headers) {
    if (!(name.startsWith('access-control-allow-') && res.hasHeader(name))) res.appendHeader(name, value)
  }
}

function parsed(req) {
  if (req.body !== undefined) return req.body
  throw new Error('mcp-bearer: the body was read before operations(), and is not in req.body')
}

/**
 * Puts the bytes back before the stream says that it has ended, so that body parsers, raw readers
 * and proxies after this find it as it came. What an earlier parser left for a body that it did
 * not read was not judged, and goes.
 */
function handBack(req, body) {
  if (req.body !== undefined) req.body = undefined
  if (body.length > 0) req.unshift(body)
}

module.exports.operations = operations
module.exports.protect = protect
module.exports.requirement = requirement
module.exports.requireScope = requireScope
