// PORT=9400 RESOURCE_ID=res_todo MCP_SERVER_URL=http://127.0.0.1:9401/mcp examples/dev-authorization-server/run
//
// A development authorization server in Scalekit's shape, for running an MCP server and its clients
// on one machine. The protocol is npm `oidc-provider` (certified); this folder only gives it the
// shape, and says yes to everybody: there is no login page, no consent page and no password. It
// binds 127.0.0.1 and must never be reachable from anywhere else.
//
//   PORT                 127.0.0.1:PORT; <env> below is http://127.0.0.1:PORT (default 9400)
//   RESOURCE_ID          the resource, as in Scalekit's dashboard (default res_todo)
//   MCP_SERVER_URL       its Server URL; unset: tokens are issued for whatever URL is asked for
//   RESOURCES            several resources instead: "res_a=http://127.0.0.1:9401 res_b=http://..."
//   SCOPES               default "todo:read todo:write todo:delete"
//   ACCESS_TOKEN_TTL     seconds (default 300)
//   ACCESS_TOKEN_FORMAT  jwt (default), or opaque, the only kind that introspection answers for
//
// What clients find (the MCP server names <env>/resources/<id> as its authorization server):
//
//   <env>/.well-known/oauth-authorization-server/resources/<id>   metadata of the resource's
//   <env>/resources/<id>/.well-known/oauth-authorization-server   authorization server, two ways
//   <env>/.well-known/oauth-authorization-server                  metadata of the environment:
//   <env>/.well-known/openid-configuration                        the `iss` of every access token
//   <env>/keys                                                    the signing keys of both
//
// Dynamic registration (only at the resource, as in Scalekit), client-id metadata documents, PKCE,
// resource indicators, refresh tokens (scope `offline_access`), client credentials, introspection,
// revocation and DPoP work. The user is `login_hint`, or `usr_dev`. A registered `scope` is not
// enforced: MCP clients register with the scope of the first challenge and step up later.
//
//   curl -X POST <env>/dev/rotate               a new signing key; the old one stays published
//   curl -X POST <env>/dev/rotate?retire=true   a new signing key; the old one is withdrawn
//
// A token without a client: see ../../README.md.
//
// Where it differs from Scalekit: the resource's endpoints are below <env>/resources/<id>, since
// the `iss` of an authorization response (RFC 9207) has to say which of the two issuers answered.
//
// oidc-provider 9 warns at start that it wants Node 22. It works on Node 20 from 20.19 on (earlier
// ones lack `URL.parse`); its version is pinned because that is a fact about 9.13.3 only.
// Everything is in memory: a restart forgets clients, grants and keys.

import { parseResources } from './resources.js';
import { start } from './server.js';

const { env } = process;

const server = await start({
  port: Number(env.PORT || 9400),
  resources: parseResources(env),
  scopes: env.SCOPES?.split(' ').filter(Boolean),
  accessTokenTtl: Number(env.ACCESS_TOKEN_TTL || 300),
  accessTokenFormat: env.ACCESS_TOKEN_FORMAT || 'jwt',
  log: console.log,
});

console.log(`SCALEKIT_ENVIRONMENT_URL=${server.url}`);
for (const [id, url] of Object.entries(server.resources)) {
  console.log(`RESOURCE_ID=${id} MCP_SERVER_URL=${url ?? '(any)'}`);
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => server.stop());
}
