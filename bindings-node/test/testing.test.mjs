// The issuer for tests, which comes with the package.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import test from 'node:test'
import { inspect } from 'node:util'

import { ResourceServer } from 'mcp-bearer'
import { Issuer } from 'mcp-bearer/testing'

const audience = 'https://mcp.example.com'
const newIssuer = options => new Issuer('https://auth.example.com', options)

function authenticate(server, token) {
  return server.tryAuthenticate({ method: 'GET', url: '/', rawHeaders: ['authorization', `Bearer ${token}`] })
}

function verdict(server, token) {
  return authenticate(server, token).denial?.reason ?? 'good'
}

test('a good token is good', () => {
  const issuer = newIssuer()
  const server = issuer.server({ resource: audience, scopesSupported: ['todo:read'], rfc9068Only: true })
  const rawHeaders = ['authorization', issuer.authorization({ audience, scope: 'todo:read todo:write' })]
  const { token } = server.tryAuthenticate({ method: 'GET', url: '/', rawHeaders })
  assert.equal(token.issuer, issuer.identifier)
  assert.deepEqual(token.scopes, ['todo:read', 'todo:write'])
  assert.equal(token.issuedAt * 1000, issuer.clock.now)
  assert.equal(token.expiresAt * 1000, issuer.clock.now + 300_000)
  assert.deepEqual(server.metadata.document.scopes_supported, ['todo:read'])
})

const WRONG = {
  expired: 'expired',
  'not yet valid': 'not_yet_valid',
  'for another audience': 'wrong_audience',
  'of another issuer': 'unknown_issuer',
  'a claim is missing': 'missing_claim',
  'another algorithm': 'unsupported_algorithm',
  'an unknown key': 'key_not_found',
  'forged: the right name, but another key': 'bad_signature',
}

test('the wrong tokens of the documentation', () => {
  const types = readFileSync(new URL('../testing.d.ts', import.meta.url), 'utf8')
  const documented = [...types.matchAll(/^ \* (.*token\(.*\)) \/\/ (.*)$/gm)]
  assert.deepEqual(documented.map(([, , why]) => why), Object.keys(WRONG))
  const issuer = newIssuer()
  const server = issuer.server({ resource: audience })
  for (const [, call, why] of documented) {
    const token = new Function('Issuer', 'issuer', 'audience', 'now', `return ${call}`)(Issuer, issuer, audience, issuer.clock.now / 1000)
    assert.equal(verdict(server, token), WRONG[why], call)
  }
})

test('claims and header parameters are set or left out', () => {
  const issuer = newIssuer()
  const server = issuer.server({ resource: audience, rfc9068Only: true })
  const claims = { aud: [audience, 'https://other.example.com'], roles: ['staff'], jti: '7', nothing: null }
  const { token } = authenticate(server, issuer.token({ audience, claims }))
  assert.deepEqual({ ...token.claims, ...claims }, token.claims)
  assert.equal(verdict(server, issuer.token({ audience, claims: { sub: undefined } })), 'missing_claim')
  assert.equal(verdict(server, issuer.token({ audience, claims: { sub: null } })), 'malformed_claim')
  assert.equal(verdict(server, issuer.token({ audience, header: { typ: undefined } })), 'wrong_type')
})

test('time passes when the test says so', () => {
  const issuer = newIssuer()
  const server = issuer.server({ resource: audience, leewayMs: 0 })
  issuer.clock.now = 1_000_000_000_123
  const token = issuer.token({ audience })
  issuer.clock.advance(299_000)
  assert.equal(issuer.clock.now, 1_000_000_299_123)
  assert.equal(verdict(server, token), 'good')
  issuer.clock.advance(877)
  assert.equal(verdict(server, token), 'expired')
  assert.equal(verdict(server, issuer.token({ audience })), 'good')
})

test('a server knows the keys of the time when it was made', () => {
  const issuer = newIssuer()
  const server = issuer.server({ resource: audience })
  const before = issuer.token({ audience })
  issuer.rotate()
  const after = issuer.token({ audience })
  assert.deepEqual([before, after].map(token => verdict(server, token)), ['good', 'key_not_found'])
  const later = issuer.server({ resource: audience })
  assert.deepEqual([before, after].map(token => verdict(later, token)), ['good', 'good'])
  assert.equal(issuer.jwks.keys.length, 2)
})

test('it signs with any algorithm', () => {
  for (const algorithm of ['RS256', 'PS256', 'ES256', 'ES384']) {
    const issuer = newIssuer({ algorithm })
    assert.equal(verdict(issuer.server({ resource: audience, algorithms: [algorithm] }), issuer.token({ audience })), 'good', algorithm)
  }
})

test('what it shows is public', () => {
  const issuer = newIssuer()
  assert.deepEqual(Object.keys(issuer.jwks.keys[0]).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x'])
  assert.equal(inspect(issuer, { showHidden: true, depth: 9 }).includes('External'), false)
})

test('it stands in for the issuers of the environment', () => {
  const issuer = newIssuer()
  const server = ResourceServer.fromEnv({ issuers: issuer.issuers() }, { MCP_SERVER_URL: audience })
  assert.equal(verdict(server, issuer.token({ audience })), 'good')
})

test('what is wrong is named', () => {
  const issuer = newIssuer()
  const name = 'ConfigError'
  assert.throws(() => new Issuer('auth.example.com'), { name, setting: 'issuers' })
  assert.throws(() => newIssuer({ algorithm: 'HS256' }), { name, setting: 'algorithm' })
  assert.throws(() => newIssuer({ alg: 'ES256' }), { name, setting: 'alg' })
  assert.throws(() => issuer.server({ resource: 'mcp.example.com' }), { name, setting: 'resource' })
  assert.throws(() => issuer.server({ resource: audience, keys: {} }), { name, setting: 'keys' })
  assert.throws(() => issuer.token(), { name, setting: 'audience' })
  assert.throws(() => issuer.token({ audience, scopes: ['a'] }), { name, setting: 'scopes' })
  assert.throws(() => issuer.token({ audience, claims: [] }), { name, setting: 'claims' })
  assert.throws(() => issuer.token({ audience, claims: { roles: 1n } }), TypeError)
  assert.throws(() => issuer.clock.advance(-1), /number of milliseconds/)
  assert.throws(() => { issuer.clock.now = NaN }, /number of milliseconds/)
})
