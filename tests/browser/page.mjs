// What a web page with an MCP client in it is made of; bundled for the browser by site.mjs.
//
// The client is the official one, and so is everything that it decides: discovery, registration,
// PKCE, step-up. The page is what its user writes: a place for what the client keeps, a visit to the
// authorization server, and a way back. `page` is what the test calls.

import { Client, StreamableHTTPClientTransport, UnauthorizedError } from '@modelcontextprotocol/client';

const REDIRECT_URI = new URL('/callback', location.href).href;

/** Keeps everything in the tab, since the page is left for the authorization server, and comes back. */
const provider = {
  redirectUrl: REDIRECT_URI,
  clientMetadata: {
    client_name: 'browser test',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  state: () => keep('state', crypto.randomUUID()),
  clientInformation: () => kept('client'),
  saveClientInformation: (client) => void keep('client', client),
  tokens: () => kept('tokens'),
  saveTokens: (tokens) => void keep('tokens', tokens),
  codeVerifier: () => kept('verifier'),
  saveCodeVerifier: (verifier) => void keep('verifier', verifier),
  discoveryState: () => kept('discovery'),
  saveDiscoveryState: (discovery) => void keep('discovery', discovery),
  redirectToAuthorization: (url) => location.assign(url),
};

globalThis.page = {
  /** Calls a tool: `{ text }`, or `{ left: true }` if the page is on its way to the authorization server. */
  async call(resource, name, args) {
    const transport = new StreamableHTTPClientTransport(new URL(resource), { authProvider: provider });
    const client = new Client({ name: 'browser test', version: '0.1.0' });
    try {
      await client.connect(transport);
      const { content } = await client.callTool({ name, arguments: args });
      return { text: content[0].text };
    } catch (error) {
      if (error instanceof UnauthorizedError) return { left: true };
      throw error;
    } finally {
      await client.close();
    }
  },

  /** Redeems the code that the authorization server has sent the page back with. */
  async finish(resource) {
    const callback = new URL(location.href).searchParams;
    if (callback.get('state') !== kept('state')) throw new Error('the state does not match');
    await new StreamableHTTPClientTransport(new URL(resource), { authProvider: provider }).finishAuth(callback);
    history.replaceState(null, '', '/'); // the code is spent
    return kept('tokens').scope;
  },

  /** What a script can read of an answer; undefined where the browser keeps it from the page. */
  async read(url, { method = 'GET', headers = {}, body } = {}) {
    const response = await fetch(url, { method, headers, body }).catch(() => undefined);
    return response && {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  },
};

function keep(name, value) {
  sessionStorage.setItem(name, JSON.stringify(value));
  return value;
}

function kept(name) {
  return JSON.parse(sessionStorage.getItem(name)) ?? undefined;
}
