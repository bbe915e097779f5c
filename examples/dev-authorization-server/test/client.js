// An OAuth client in plain fetch, so that the tests show each request as it is on the wire.

import { createHash, createPublicKey, randomBytes, verify } from 'node:crypto';

export const REDIRECT_URI = 'http://127.0.0.1:9999/callback';

export async function metadataOf(issuer) {
  const { origin, pathname } = new URL(issuer);
  const response = await fetch(`${origin}/.well-known/oauth-authorization-server${pathname}`);
  return response.json();
}

export async function register(metadata, registration = {}) {
  const response = await fetch(metadata.registration_endpoint, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      redirect_uris: [REDIRECT_URI],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      ...registration,
    }),
  });
  return { status: response.status, ...(await response.json()) };
}

/** The parameters of the authorization response, and the PKCE verifier to redeem its code with. */
export async function authorize(metadata, clientId, { pkce = true, ...parameters } = {}) {
  const verifier = randomBytes(32).toString('base64url');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const url = new URL(metadata.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    state: 'a state',
    ...(pkce && { code_challenge: challenge, code_challenge_method: 'S256' }),
    ...parameters,
  });
  const response = await fetch(url, { redirect: 'manual' });
  const location = response.headers.get('location');
  const redirected = location?.startsWith(REDIRECT_URI);
  return { verifier, ...(redirected && Object.fromEntries(new URL(location).searchParams)) };
}

export async function requestToken(metadata, parameters, headers = {}) {
  const response = await fetch(metadata.token_endpoint, {
    method: 'POST',
    headers,
    body: new URLSearchParams(parameters),
  });
  return { status: response.status, ...(await response.json()) };
}

export async function redeem(metadata, clientId, { code, verifier }, parameters = {}, headers = {}) {
  return requestToken(metadata, {
    grant_type: 'authorization_code',
    client_id: clientId,
    redirect_uri: REDIRECT_URI,
    code,
    code_verifier: verifier,
    ...parameters,
  }, headers);
}

/** The whole flow; the answer of the token endpoint. */
export async function signIn(metadata, clientId, parameters) {
  const { resource } = parameters;
  const response = await authorize(metadata, clientId, parameters);
  return redeem(metadata, clientId, response, resource && { resource });
}

/** Header and claims of an RS256 token, checked against the published keys. */
export async function verified(token, environment) {
  const [header, claims, signature] = token.split('.');
  const parsed = { header: parse(header), claims: parse(claims) };
  const { keys } = await (await fetch(`${environment}/keys`)).json();
  const jwk = keys.find(({ kid }) => kid === parsed.header.kid);
  if (!jwk) throw new Error('the signing key is not published');
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const input = Buffer.from(`${header}.${claims}`);
  if (!verify('RSA-SHA256', input, key, Buffer.from(signature, 'base64url'))) {
    throw new Error('bad signature');
  }
  return parsed;
}

function parse(part) {
  return JSON.parse(Buffer.from(part, 'base64url'));
}
