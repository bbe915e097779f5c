import type { Issuers, ResourceServer, ResourceServerOptions } from './index.js'

/**
 * An issuer in this process, for tests: it makes a key and mints tokens, good ones and wrong ones.
 *
 * For tests only: whoever can run this code can make tokens of such an issuer. Nothing is fetched, and
 * the private key never leaves the issuer. It goes with any test runner.
 *
 * ```js
 * const issuer = new Issuer('https://auth.example.com')
 * const server = issuer.server({ resource: 'https://mcp.example.com' }) // for the application
 * const authorization = issuer.authorization({ audience: 'https://mcp.example.com', scope: 'todo:read' })
 * ```
 *
 * Any part of a token can be wrong on purpose:
 *
 * ```js
 * const audience = 'https://mcp.example.com'
 * const now = issuer.clock.now / 1000
 * issuer.token({ audience, claims: { exp: now - 60 } }) // expired
 * issuer.token({ audience, claims: { nbf: now + 60 } }) // not yet valid
 * issuer.token({ audience: 'https://other.example.com' }) // for another audience
 * issuer.token({ audience, claims: { iss: 'https://other.example.com' } }) // of another issuer
 * issuer.token({ audience, claims: { exp: undefined } }) // a claim is missing
 * issuer.token({ audience, header: { alg: 'none' } }) // another algorithm
 * issuer.token({ audience, header: { kid: 'other' } }) // an unknown key
 * new Issuer(issuer.identifier).token({ audience }) // forged: the right name, but another key
 * ```
 */
export declare class Issuer {
  /**
   * Makes a key. `identifier` is the `iss` of its tokens; `algorithm` is what it signs with, as JOSE
   * spells it, by default `EdDSA`. Throws a `ConfigError` for a wrong one.
   */
  constructor(identifier: string, options?: { algorithm?: string })
  /** The `iss` of its tokens. */
  get identifier(): string
  /** The public keys as a JWK set (RFC 7517 section 5). */
  get jwks(): { keys: Record<string, unknown>[] }
  /** The time of this issuer and its servers. It stands still, at first at when the issuer was made. */
  readonly clock: ManualClock
  /**
   * A resource server that trusts the present keys, and lives by the clock of this issuer. Throws a
   * `ConfigError` for a wrong setting.
   */
  server(options: Omit<ResourceServerOptions, 'issuers' | 'keys'>): ResourceServer
  /**
   * What `server` trusts, for servers that are made in other ways:
   * `ResourceServer.fromEnv({ issuers: issuer.issuers() }, { MCP_SERVER_URL: resource })`.
   */
  issuers(): Issuers
  /** Mints a token: a good one, valid for five minutes, but for what is set. */
  token(options: TokenOptions): string
  /** The same as the value of an `Authorization` field. */
  authorization(options: TokenOptions): string
  /** Publishes a new key and signs with it from now on. Servers that exist do not hear of it. */
  rotate(): void
}

/** What a token says. */
export interface TokenOptions {
  /** `aud`: the resource. */
  audience: string
  /** `scope`, values separated by spaces. Default: none. */
  scope?: string
  /** Claims to set. `undefined` as a value leaves one out. */
  claims?: Readonly<Record<string, unknown>>
  /** Header parameters to set, likewise. */
  header?: Readonly<Record<string, unknown>>
}

/** A clock that stands still until it is moved. */
export interface ManualClock {
  /** Milliseconds since 1970. May be set, forward or back. */
  now: number
  /** Lets time pass. */
  advance(ms: number): void
}
