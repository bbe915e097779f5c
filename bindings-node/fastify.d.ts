import type { Readable } from 'node:stream'
import type { FastifyPluginAsync } from 'fastify'
import type { AccessToken, GuardOptions, HttpRequest, OperationPolicy, Requirement, ResourceServer } from './index.js'
import type { AuthInfo } from './shared.js'

export type { AuthInfo }

declare module 'fastify' {
  interface FastifyRequest {
    /** Who is calling, once a guard has let the request in with a token. */
    readonly accessToken?: AccessToken
    /** The same in the shape of the MCP SDKs. */
    readonly auth?: AuthInfo
  }
}

/** An `onRequest` hook, with any type provider and server of Fastify. */
export type RequestHook = (request: { readonly raw: HttpRequest }, reply: object) => Promise<unknown>

/** A `preParsing` hook. */
export type BodyHook = (request: { readonly raw: HttpRequest }, reply: object, payload: Readable) => Promise<unknown>

/**
 * Protects the whole application, unmatched paths included, and serves the metadata. Registered on the
 * instance that has all routes; within a plugin it protects the routes of that plugin alone.
 *
 * ```js
 * app.register(protect(ResourceServer.fromEnv()))
 * ```
 */
export declare function protect(server: ResourceServer, options?: GuardOptions): FastifyPluginAsync

/** What a route needs: every one of these scopes. Inside `protect`: `{ onRequest: requireScope('todo:read') }`. */
export declare function requireScope(...scopes: [string, ...string[]]): RequestHook

/** What a route needs. Inside `protect`: `{ onRequest: requirement(needed) }`. */
export declare function requirement(needed: Requirement): RequestHook

/**
 * Judges each JSON-RPC message by a policy: `{ preParsing: operations(policy) }` on the MCP route. It
 * takes the token that `protect` left, or authenticates with `server` where it stands alone. The caller
 * is also in `request.raw.auth`, where the transports of the MCP SDKs look.
 */
export declare function operations(policy: OperationPolicy, options?: { server?: ResourceServer }): BodyHook
