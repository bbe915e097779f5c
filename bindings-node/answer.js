'use strict'

// The documented objects, from what the addon answers: the handle of a token, or a pair of it and the
// fields for the response, or a text (see `src/answer.rs`). `null` is for what is not known yet.

const { tokenOf } = require('./access_token.js')

function authentication(answer) {
  if (answer === null) return null
  if (typeof answer === 'string') return { authenticated: false, denial: response(answer) }
  return { authenticated: true, token: token(answer), responseHeaders: responseHeaders(answer) }
}

function decision(answer) {
  if (answer === null) return null
  if (typeof answer === 'string') return { allowed: false, denial: response(answer) }
  return { allowed: true, token: token(answer), responseHeaders: responseHeaders(answer) }
}

function entry(answer) {
  if (answer === null) return null
  if (answer === 'public' || answer === 'anonymous') return { kind: answer }
  if (typeof answer !== 'string') return { kind: 'authenticated', token: token(answer), responseHeaders: responseHeaders(answer) }
  const whole = response(answer)
  return whole.reason === undefined ? { kind: 'answer', response: whole } : { kind: 'denied', denial: whole }
}

/** A decision about the caller's own token, with which `null` is that there is nothing to add. */
function permitted(answer, token) {
  if (typeof answer === 'string') return { allowed: false, denial: response(answer) }
  return { allowed: true, token: token ?? null, responseHeaders: responseHeaders(answer) }
}

/** A refusal is a response with a reason. */
function response(text) {
  const line = text.indexOf('\n')
  const end = text.indexOf('\n\n') + 1
  const answer = { status: Number(text.slice(0, 3)), headers: fields(text, line + 1, end), body: text.slice(end + 1) }
  if (line > 4) answer.reason = text.slice(4, line)
  return answer
}

/** The lines from one place in a text to another. */
function fields(text, from, to) {
  const all = []
  while (from < to) {
    const colon = text.indexOf(':', from)
    const end = text.indexOf('\n', colon)
    all.push([text.slice(from, colon), text.slice(colon + 1, end)])
    from = end + 1
  }
  return all
}

function token(answer) {
  return tokenOf(Array.isArray(answer) ? answer[0] : answer)
}

function responseHeaders(answer) {
  return Array.isArray(answer) ? fields(answer[1], 0, answer[1].length) : []
}

module.exports = { authentication, decision, entry, permitted, response }
