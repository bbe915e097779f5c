'use strict'

// What of a request decides, handed to the addon as it wants it: as few and as short texts as can be,
// since each costs more on its way than it takes to look at it here.

const { operationFields, requestFields } = require('./native.js')
const { listen } = require('./observe.js')

const ofRequest = named(requestFields())
const ofOperation = named(operationFields())
const AUTHORIZATION = /^authorization$/i

/** Asks about a request. `owner` is what the addon knows a server or a guard by. */
function ask(call, owner, request, requirement) {
  listen()
  const { method, url, originalUrl, rawHeaders, clientCertificate } = request
  // Express cuts the mount path off `url` and keeps the client's own in `originalUrl`.
  return call(owner, method, originalUrl ?? url, pick(rawHeaders, ofRequest), clientCertificate, requirement)
}

/** Asks about a request to an endpoint with an operation policy. */
function judge(call, owner, token, request, policy) {
  listen()
  const { method, rawHeaders, body, parsed } = request
  const isParsed = parsed !== undefined
  return call(owner, token, method, pick(rawHeaders, ofOperation), isParsed ? text(parsed) : body, isParsed, policy)
}

/** By length, what matches each of these names that is so long, in any case. */
function named(names) {
  const ofLength = []
  for (const { length } of names) {
    ofLength[length] ??= new RegExp(`^(?:${names.filter(name => name.length === length).join('|')})$`, 'i')
  }
  return ofLength
}

/**
 * The fields that matter, in order, and as often as they occur: `rawHeaders` alone shows that. If it is
 * one `Authorization`, as in nearly every request, just its value.
 */
function pick(rawHeaders, ofLength) {
  if (!Array.isArray(rawHeaders)) throw new TypeError('the request lacks rawHeaders')
  const fields = []
  for (let index = 1; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index - 1]
    if (ofLength[name.length]?.test(name)) fields.push(name, rawHeaders[index])
  }
  const [name, value] = fields
  return fields.length === 2 && typeof value === 'string' && AUTHORIZATION.test(name) ? value : fields
}

/**
 * A value that has no JSON text, such as one that is nested too deeply, cannot be judged: nor can an
 * empty text, so that the policy refuses it.
 */
function text(value) {
  try {
    return JSON.stringify(value) ?? ''
  } catch {
    return ''
  }
}

module.exports = { ask, judge }
