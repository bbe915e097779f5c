import type { ResourceServer } from './index.js'
import type { AuthInfo } from './shared.js'

export type { AuthInfo }

/** What `requireBearerAuth` of SDK v1, and of `@modelcontextprotocol/server` and `/express`, takes as `verifier`. */
export interface TokenVerifier {
  /** Who the token speaks for. Rejects with an error of the SDK, which its middleware answers. */
  verifyAccessToken(token: string): Promise<AuthInfo>
}

/** The error classes of the SDK whose middleware asks: of v1, or of v2. */
export type SdkErrors =
  | { InvalidTokenError: new (message: string) => Error; ServerError: new (message: string) => Error }
  | { OAuthError: new (code: string, message: string) => Error & { code: string } }

/**
 * The check of a server for the bearer middleware of the official MCP SDK.
 *
 * ```js
 * import { InvalidTokenError, ServerError } from '@modelcontextprotocol/sdk/server/auth/errors.js' // v1
 * requireBearerAuth({ verifier: tokenVerifier(server, { InvalidTokenError, ServerError }) })
 *
 * import { OAuthError } from '@modelcontextprotocol/server' // v2
 * requireBearerAuth({ verifier: tokenVerifier(server, { OAuthError }) })
 * ```
 *
 * A bad token becomes the SDK's 401; where keys cannot be had, its 500, so that the client keeps its
 * token. The middleware shows a verifier the token alone: a token that is bound to a key or a
 * certificate is refused.
 */
export declare function tokenVerifier(server: ResourceServer, errors: SdkErrors): TokenVerifier
