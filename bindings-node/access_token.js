'use strict'

// The verified token: a handle of the addon, and what can be read from it.

const { accessToken: read, useAccessToken } = require('./native.js')

/** Whoever has it can make a token of a handle: this file. */
const OWN = Symbol('AccessToken')

let handleOf

class AccessToken {
  #handle
  #claims

  static {
    handleOf = token => token.#handle
  }

  constructor(own, handle) {
    if (own !== OWN) throw new TypeError('an AccessToken comes from a ResourceServer')
    this.#handle = handle
  }

  get issuer() {
    return read.issuer(this.#handle)
  }

  get subject() {
    return read.subject(this.#handle)
  }

  get clientId() {
    return read.clientId(this.#handle)
  }

  get principal() {
    return read.principal(this.#handle)
  }

  get audiences() {
    return read.audiences(this.#handle)
  }

  get scopes() {
    return read.scopes(this.#handle)
  }

  get expiresAt() {
    return read.expiresAt(this.#handle)
  }

  get issuedAt() {
    return read.issuedAt(this.#handle)
  }

  get jti() {
    return read.jti(this.#handle)
  }

  get authTime() {
    return read.authTime(this.#handle)
  }

  get acr() {
    return read.acr(this.#handle)
  }

  get amr() {
    return read.amr(this.#handle)
  }

  get confirmation() {
    return JSON.parse(read.confirmation(this.#handle))
  }

  get claims() {
    return (this.#claims ??= JSON.parse(read.claims(this.#handle)))
  }

  get fingerprint() {
    return read.fingerprint(this.#handle)
  }

  get secret() {
    return read.secret(this.#handle)
  }
}

/** The token of a handle. */
function tokenOf(handle) {
  return new AccessToken(OWN, handle)
}

useAccessToken(tokenOf)

module.exports = { AccessToken, handleOf, tokenOf }
