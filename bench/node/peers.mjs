// Each library as its documentation says it is used best, with issuer, audience and expiry checked.
//
// A peer is a function of what is given that returns a check: a function of a token that throws, or
// rejects, where the token is refused.

import { verify } from 'node:crypto'

import { Algorithm, verifySync } from '@node-rs/jsonwebtoken'
import { JwtVerifier } from 'aws-jwt-verify'
import { auth } from 'express-oauth2-jwt-bearer'
import { createVerifier } from 'fast-jwt'
import { createLocalJWKSet, importJWK, jwtVerify } from 'jose'
import jsonwebtoken from 'jsonwebtoken'

/** Node's own, of a prepared key. */
export function signature({ algorithm, key }) {
  const hash = algorithm === 'EdDSA' ? null : 'sha256'
  const how = algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key
  return ({ input, signature }) => verify(hash, input, how, signature)
}

/** What the check of a signature is of. */
export function signed(token) {
  const dot = token.lastIndexOf('.')
  return { input: Buffer.from(token.slice(0, dot)), signature: Buffer.from(token.slice(dot + 1), 'base64url') }
}

/** The least that a check by hand can be. */
export function byHand(given) {
  const { algorithm, issuer, audience } = given
  const isSigned = signature(given)
  return token => {
    const [header, payload] = token.split('.')
    if (JSON.parse(Buffer.from(header, 'base64url').toString()).alg !== algorithm) throw new Error('algorithm')
    if (!isSigned(signed(token))) throw new Error('signature')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString())
    const now = Date.now() / 1000
    if (claims.iss !== issuer) throw new Error('issuer')
    if (claims.aud !== audience && !claims.aud?.includes?.(audience)) throw new Error('audience')
    if (!(claims.exp > now)) throw new Error('expired')
    if (claims.nbf > now) throw new Error('not yet valid')
    return claims
  }
}

export function fastJwt({ algorithm, issuer, audience, pem }, cache) {
  const options = { algorithms: [algorithm], allowedIss: issuer, allowedAud: audience, requiredClaims: ['exp', 'iss', 'aud'] }
  return createVerifier({ key: pem, cache, ...options })
}

export function awsJwtVerify({ issuer, audience, jwks }) {
  const verifier = JwtVerifier.create({ issuer, audience, jwksUri: `${issuer}/keys` })
  verifier.cacheJwks(jwks)
  return token => verifier.verifySync(token)
}

export async function joseKey({ algorithm, issuer, audience, jwks }) {
  const key = await importJWK(jwks.keys[0], algorithm)
  const options = { algorithms: [algorithm], issuer, audience, requiredClaims: ['exp'] }
  return token => jwtVerify(token, key, options)
}

export function joseSet({ algorithm, issuer, audience, jwks }) {
  const keys = createLocalJWKSet(jwks)
  const options = { algorithms: [algorithm], issuer, audience, requiredClaims: ['exp'] }
  return token => jwtVerify(token, keys, options)
}

/** A middleware alone: called as Express would. */
export function expressOauth2({ algorithm, issuer, audience, jwks }) {
  const middleware = auth({ issuer, audience, publicKey: jwks, tokenSigningAlg: algorithm })
  return token => {
    const headers = { host: 'mcp.example.com', authorization: `Bearer ${token}` }
    const request = { method: 'POST', url: '/mcp', originalUrl: '/mcp', protocol: 'https', host: headers.host, headers, query: {} }
    request.get = name => headers[name.toLowerCase()]
    request.is = () => false
    return new Promise((resolve, reject) => {
      middleware(request, {}, error => (error ? reject(error) : resolve(request.auth)))
    })
  }
}

export function nodeRs({ algorithm, issuer, audience, pem }) {
  const spec = { requiredSpecClaims: ['exp', 'iss', 'aud'], validateNbf: true }
  const options = { algorithms: [Algorithm[algorithm]], iss: [issuer], aud: [audience], ...spec }
  return token => verifySync(token, pem, options)
}

export function jsonWebToken({ algorithm, issuer, audience, key }) {
  const options = { algorithms: [algorithm], issuer, audience }
  return token => jsonwebtoken.verify(token, key, options)
}
