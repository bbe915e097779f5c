// Uses the installed package as an ES module: a real key fetch, then a token.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'

import { ConfigError, OperationPolicy, ResourceServer } from 'mcp-bearer'
import { requireScope } from 'mcp-bearer/express'
import { operations } from 'mcp-bearer/fastify'
import { accessToken, protect } from 'mcp-bearer/fetch'
import { tokenVerifier } from 'mcp-bearer/mcp'
import { Issuer } from 'mcp-bearer/testing'

const issuerServer = http.createServer((req, res) => res.end(JSON.stringify(signing.jwks)))
await once(issuerServer.listen(0, '127.0.0.1'), 'listening')
const issuer = `http://127.0.0.1:${issuerServer.address().port}`
const signing = new Issuer(issuer)
const token = signing.token({ audience: 'http://127.0.0.1', claims: { sub: 'alice' } })

const server = new ResourceServer({ resource: 'http://127.0.0.1', issuers: [{ issuer, jwksUri: `${issuer}/keys` }] })
const gate = protect(server)
assert.equal((await gate(new Request('http://127.0.0.1/'))).status, 401)
const request = new Request('http://127.0.0.1/', { headers: { authorization: `Bearer ${token}` } })
assert.equal(await gate(request), undefined)
assert.equal(accessToken(request).subject, 'alice')
assert.equal(typeof requireScope('a'), 'function')
assert.equal(typeof operations(new OperationPolicy({})), 'function')
class OAuthError extends Error {
  constructor(code, message) {
    super(message)
    this.code = code
  }
}
const verifier = tokenVerifier(server, { OAuthError })
assert.equal((await verifier.verifyAccessToken(token)).clientId, 'client-1')
await assert.rejects(verifier.verifyAccessToken('junk'), { code: 'invalid_token' })
assert.throws(() => new ResourceServer({ resource: 'x', issuers: [] }), ConfigError)
issuerServer.close()
console.log('installed: works as an ES module')
