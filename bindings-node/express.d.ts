import type { RequestHandler } from 'express'
import type { AccessToken, GuardOptions, OperationPolicy, Requirement, ResourceServer } from './index.js'
import type { AuthInfo } from './shared.js'

export type { AuthInfo }

declare global {
  namespace Express {
    interface Request {
      /** Who is calling, once a guard has let the request in with a token. */
      accessToken?: AccessToken
      /** The same in the shape of the MCP SDKs, whose transports look for it here. */
      auth?: AuthInfo
    }
  }
}

/**
 * Protects the whole application, unmatched paths included, and serves the metadata.
 *
 * ```js
 * app.use(protect(ResourceServer.fromEnv()))
 * ```
 */
export declare function protect(server: ResourceServer, options?: GuardOptions): RequestHandler

/** What a route needs: every one of these scopes. Inside `protect`. */
export declare function requireScope(...scopes: [string, ...string[]]): RequestHandler

/** What a route needs. Inside `protect`. */
export declare function requirement(needed: Requirement): RequestHandler

/**
 * Judges each JSON-RPC message by a policy. Attach it to the MCP handler itself: it takes the token
 * that `protect` left, or authenticates with `server` where it stands alone. It works before
 * `express.json()` and after it; before is stricter, since only the bytes show duplicate members.
 */
export declare function operations(policy: OperationPolicy, options?: { server?: ResourceServer }): RequestHandler
