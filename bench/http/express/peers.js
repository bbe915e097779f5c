// What others do in front of a route: each a function of who issues the tokens, and for whom.

import { createPublicKey, verify } from 'node:crypto'

import { Scalekit } from '@scalekit-sdk/node'
import { JwtVerifier } from 'aws-jwt-verify'
import { auth } from 'express-oauth2-jwt-bearer'
import { createRemoteJWKSet, jwtVerify } from 'jose'

export const peers = {
  'node:crypto': authority => synchronous(byHand(authority)),

  jose: ({ issuer, audience, keys }) => {
    const set = createRemoteJWKSet(new URL('/keys', keys))
    return asynchronous(token => jwtVerify(token, set, { issuer, audience, requiredClaims: ['exp'] }))
  },

  'aws-jwt-verify': ({ issuer, audience, jwks }) => {
    const verifier = JwtVerifier.create({ issuer, audience, jwksUri: 'https://as.example.com/keys' })
    verifier.cacheJwks(jwks)
    return synchronous(token => verifier.verifySync(token))
  },

  'express-oauth2-jwt-bearer': ({ issuer, audience, keys }) =>
    auth({ issuer, audience, jwksUri: `${keys}/keys`, tokenSigningAlg: 'RS256' }),

  // As its text has it, which asks the SDK for each request.
  quickstart: ({ issuer, audience, keys }) => {
    const scalekit = new Scalekit(keys, 'skc_123', 'test_123')
    return asynchronous(token => scalekit.validateToken(token, { issuer, audience: [audience] }))
  },
}

/** The least that a careful person would write. */
function byHand({ issuer, audience, jwks }) {
  const keys = new Map(jwks.keys.map(jwk => [jwk.kid, createPublicKey({ key: jwk, format: 'jwk' })]))
  const part = text => JSON.parse(Buffer.from(text, 'base64url'))

  return token => {
    const [header, payload, signature] = token.split('.')
    const { alg, kid } = part(header)
    const key = keys.get(kid)
    if (alg !== 'RS256' || key === undefined) throw new Error('no key')
    const signed = Buffer.from(`${header}.${payload}`)
    if (!verify('sha256', signed, key, Buffer.from(signature, 'base64url'))) throw new Error('signature')
    const claims = part(payload)
    const now = Date.now() / 1000
    if (claims.iss !== issuer || ![claims.aud].flat().includes(audience)) throw new Error('not for us')
    if (!(claims.exp > now) || claims.nbf > now) throw new Error('not now')
    return claims
  }
}

function synchronous(check) {
  return (req, res, next) => {
    try {
      req.user = check(bearer(req))
    } catch {
      return refuse(res)
    }
    next()
  }
}

function asynchronous(check) {
  return async (req, res, next) => {
    try {
      req.user = await check(bearer(req))
    } catch {
      return refuse(res)
    }
    next()
  }
}

function bearer(req) {
  const [, token] = /^Bearer (\S+)$/.exec(req.headers.authorization ?? '') ?? []
  if (token === undefined) throw new Error('no token')
  return token
}

function refuse(res) {
  res.status(401).set('WWW-Authenticate', 'Bearer error="invalid_token"').json({ error: 'invalid_token' })
}
