'use strict'

// An issuer in this process, for tests only: no other file of the package needs this one. Its keys stay
// in the addon.

const { ResourceServer } = require('./index.js')
const { testing: native } = require('./native.js')

/** An authorization server reduced to its signing keys. */
class Issuer {
  #handle

  constructor(identifier, options) {
    this.#handle = native.issuer(identifier, options)
    this.clock = new ManualClock(this.#handle)
  }

  get identifier() {
    return native.identifier(this.#handle)
  }

  get jwks() {
    return native.jwks(this.#handle)
  }

  server(options) {
    return new ResourceServer({ ...options, issuers: this.issuers() })
  }

  issuers() {
    return native.issuers(this.#handle)
  }

  token(options) {
    return native.token(this.#handle, options)
  }

  authorization(options) {
    return native.authorization(this.#handle, options)
  }

  rotate() {
    native.rotate(this.#handle)
  }
}

/** A clock that stands still until it is moved. */
class ManualClock {
  #handle

  constructor(handle) {
    this.#handle = handle
  }

  get now() {
    return native.now(this.#handle)
  }

  set now(now) {
    native.setNow(this.#handle, now)
  }

  advance(ms) {
    native.advance(this.#handle, ms)
  }
}

exports.Issuer = Issuer
