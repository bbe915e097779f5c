/** The caller as the MCP SDKs hand it to tools: `extra.authInfo`, `ctx.http.authInfo`. */
export interface AuthInfo {
  /** The token itself: never log it, never pass it on to another service. */
  token: string
  /** `''` where the token names no client; never the subject. */
  clientId: string
  scopes: string[]
  /** Seconds since 1970. */
  expiresAt?: number
  /** The resource that the token was checked for. */
  resource?: URL
  /** `claims`: all claims of the token. `accessToken`: the `AccessToken`, for `principal` or `showsTool`. */
  extra?: Record<string, unknown>
}
