import type { AccessToken, GuardOptions, OperationPolicy, Requirement, ResourceServer } from './index.js'
import type { AuthInfo } from './shared.js'

export type { AuthInfo }

/** From a request to the response that answers it instead of the application, if there is one. */
export type Gate = (request: Request) => Promise<Response | undefined>

/**
 * Protects the whole application, unmatched paths included, and serves the metadata.
 *
 * ```ts
 * const gate = protect(ResourceServer.fromEnv())
 * export default {
 *   fetch: async (request: Request) => finish(request, (await gate(request)) ?? (await app.fetch(request))),
 * }
 * ```
 */
export declare function protect(server: ResourceServer, options?: GuardOptions): Gate

/** What a route needs: every one of these scopes. After `protect`. */
export declare function requireScope(...scopes: [string, ...string[]]): Gate

/** What a route needs. After `protect`. */
export declare function requirement(needed: Requirement): Gate

/**
 * Judges each JSON-RPC message by a policy. It takes the token that `protect` left, or authenticates
 * with `server` where it stands alone. The request keeps its body.
 */
export declare function operations(policy: OperationPolicy, options?: { server?: ResourceServer }): Gate

/**
 * Adds to the response, whoever gives it, the fields that the gates want on it. There are none unless a
 * proof scheme needs some.
 */
export declare function finish(request: Request, response: Response): Response

/** The verified token of a request that a gate has let in. */
export declare function accessToken(request: Request): AccessToken | undefined

/** The same in the shape of the MCP SDKs: `handler.fetch(request, { authInfo: auth(request) })`. */
export declare function auth(request: Request): AuthInfo | undefined
