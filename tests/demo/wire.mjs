// Reading what went over the wire: challenges, tokens, and which request was what.

/** `Bearer a="b", c="d"` as an object; undefined if it is no Bearer challenge. */
export function parseChallenge(header) {
  if (!header?.startsWith('Bearer ')) return undefined;
  const parameters = [...header.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)];
  return Object.fromEntries(parameters.map(([, name, value]) => [name, value]));
}

/** Header and claims of a JWT, unverified: the servers verify, the demo only shows. */
export function parseToken(token) {
  const [header, claims] = token.split('.').slice(0, 2);
  const parse = (part) => JSON.parse(Buffer.from(part, 'base64url'));
  return { token, header: parse(header), claims: parse(claims) };
}

export const bearerOf = (request) => request.authorization?.replace(/^Bearer /, '');

export const scopesOf = (text) => (text ?? '').split(' ').filter(Boolean);

/** What a request is for, by its URL and body. */
export function kindOf(request, endpoint) {
  const url = new URL(request.url);
  if (url.origin === endpoint.origin) {
    return url.pathname.startsWith('/.well-known/oauth-protected-resource') ? 'resource metadata' : 'mcp';
  }
  if (url.pathname.includes('/.well-known/')) return 'metadata';
  if (url.pathname.endsWith('/oauth/register')) return 'registration';
  if (url.pathname.endsWith('/oauth/authorize')) return 'authorization';
  if (url.pathname.endsWith('/oauth/token')) return 'token';
  return 'other';
}

/** `initialize`, or `tools/call create_todo`. */
export function operationOf(request) {
  if (request.method !== 'POST') return 'event stream';
  const { method, params } = JSON.parse(request.body);
  return method === 'tools/call' ? `${method} ${params.name}` : method;
}
