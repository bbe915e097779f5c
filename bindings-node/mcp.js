'use strict'

// The bearer middleware of the official MCP SDK, v1 and v2, with the check of this package inside.
// No rule is here.

const { authInfo } = require('./shared.js')

/** A verifier for `requireBearerAuth({ verifier })`, which throws the errors of the SDK that asks. */
function tokenVerifier(server, errors) {
  const refusal = refusalsOf(errors)
  return {
    async verifyAccessToken(token) {
      // The SDK has taken the field apart, and shows a verifier nothing else of the request.
      const request = { method: 'POST', url: '/', rawHeaders: ['authorization', `Bearer ${token}`] }
      const answer = server.tryAuthenticate(request) ?? (await server.authenticate(request))
      if (!answer.authenticated) throw refusal(answer.denial)
      return authInfo(answer.token, server)
    },
  }
}

/**
 * From a refusal to an error. Each SDK knows its own classes by `instanceof`, and v1 is installed
 * twice, as an ES module and as CommonJS, so that only the caller has the right ones.
 */
function refusalsOf({ InvalidTokenError, ServerError, OAuthError } = {}) {
  if (InvalidTokenError && ServerError) {
    return denial => new (asksForAnother(denial) ? InvalidTokenError : ServerError)(description(denial))
  }
  if (OAuthError && new OAuthError('invalid_token', '').code === 'invalid_token') {
    return denial => new OAuthError(asksForAnother(denial) ? 'invalid_token' : 'server_error', description(denial))
  }
  throw new Error('mcp-bearer: tokenVerifier needs { InvalidTokenError, ServerError } of SDK v1, or { OAuthError } of SDK v2')
}

/** A refusal without a challenge is no fault of the token: the client should keep it. */
function asksForAnother({ headers }) {
  return headers.some(([name]) => name === 'www-authenticate')
}

function description({ body }) {
  return JSON.parse(body).error_description
}

module.exports.tokenVerifier = tokenVerifier
