'use strict'

// What of a request decides, handed to the addon as it wants it: as few and as short texts as can be,
// since each costs more on its way than it takes to look at it here.

const { operationFields, requestFields } = require('./native.js')
const { listen } = require('./observe.js')

const ofRequest = named(requestFields())
const ofOperation = named(operationFields())

/** Calls a method that takes a request. */
function ask(owner, call, request, requirement) {
  listen()
  const { method, url, originalUrl, rawHeaders, clientCertificate } = request
  // Express cuts the mount path off `url` and keeps the client's own in `originalUrl`.
  return call.call(owner, method, originalUrl ?? url, pick(rawHeaders, ofRequest), clientCertificate, requirement)
}

/** Calls a method that takes a request to an endpoint with an operation policy. */
function judge(owner, call, handle, request, policy) {
  listen()
  const { method, rawHeaders, body, parsed } = request
  const isParsed = parsed !== undefined
  return call.call(owner, handle, method, pick(rawHeaders, ofOperation), isParsed ? text(parsed) : body, isParsed, policy)
}

/** What matches each of these names, in any case. */
function named(names) {
  return new RegExp(`^(?:${names.join('|')})$`, 'i')
}

/** The fields that matter, in order, and as often as they occur: `rawHeaders` alone shows that. */
function pick(rawHeaders, names) {
  if (!Array.isArray(rawHeaders)) throw new TypeError('the request lacks rawHeaders')
  const fields = []
  for (let index = 1; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index - 1]
    if (names.test(name)) fields.push(name, rawHeaders[index])
  }
  return fields
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
