// MCP_SERVER_URL=http://127.0.0.1:9401/mcp node client.mjs        the official TypeScript client
// MCP_SERVER_URL=http://127.0.0.1:9401/mcp node client.mjs v1     the one before
//
// Driven over standard input and output: one JSON command a line
// ({"do":"connect"}, {"do":"call","tool":"list_todos","arguments":{}}, {"do":"close"}), answered by
// {"done": result} or {"failed": message}; {"raised": name} is an error that the client leaves to its
// user, who does something about it. Each HTTP exchange of the client is reported as it happens. Nothing is decided here: discovery, registration, PKCE, refresh and step-up are the
// client's own; this file is what its user writes (a place for tokens, a browser).

import { createInterface } from 'node:readline';

const SERVER = new URL(process.env.MCP_SERVER_URL);
const REDIRECT_URI = 'http://127.0.0.1:8765/callback'; // nothing listens: the redirect is read, not followed
const OLD = process.argv[2] === 'v1';

const { Client, StreamableHTTPClientTransport, UnauthorizedError } = OLD
  ? {
    ...await import('@modelcontextprotocol/sdk/client/index.js'),
    ...await import('@modelcontextprotocol/sdk/client/streamableHttp.js'),
    ...await import('@modelcontextprotocol/sdk/client/auth.js'),
  }
  : await import('@modelcontextprotocol/client');

const report = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

let exchanges = 0;
async function reportingFetch(input, init = {}) {
  const id = (exchanges += 1);
  const { authorization } = Object.fromEntries(new Headers(init.headers));
  const method = init.method ?? 'GET';
  report({ request: { id, method, url: String(input), authorization, body: init.body && String(init.body) } });
  const response = await fetch(input, init);
  const isMcp = new URL(input).origin === SERVER.origin && method !== 'GET';
  report({
    response: {
      id,
      status: response.status,
      challenge: response.headers.get('www-authenticate') ?? undefined,
      location: response.headers.get('location') ?? undefined,
      body: isMcp ? undefined : await response.clone().text(),
    },
  });
  return response;
}

/** Keeps everything in memory and lets the authorization server, which asks nobody, redirect at once. */
class Provider {
  saved = {};
  redirectUrl = REDIRECT_URI;
  clientMetadataUrl = process.env.CLIENT_METADATA_URL;
  clientMetadata = {
    client_name: 'demo (TypeScript)',
    redirect_uris: [REDIRECT_URI],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };

  state = () => (this.saved.state = crypto.randomUUID());
  clientInformation = () => this.saved.client;
  saveClientInformation = (client) => void (this.saved.client = client);
  tokens = () => this.saved.tokens;
  saveTokens = (tokens) => void (this.saved.tokens = tokens);
  codeVerifier = () => this.saved.verifier;
  saveCodeVerifier = (verifier) => void (this.saved.verifier = verifier);
  discoveryState = () => this.saved.discovery;
  saveDiscoveryState = (discovery) => void (this.saved.discovery = discovery);

  async redirectToAuthorization(url) {
    const response = await reportingFetch(url, { redirect: 'manual' });
    this.callback = new URL(response.headers.get('location')).searchParams;
    if (this.callback.get('state') !== this.saved.state) throw new Error('the state does not match');
  }
}

const provider = new Provider();
const newTransport = () =>
  new StreamableHTTPClientTransport(SERVER, { authProvider: provider, fetch: reportingFetch });
let client;
let transport;

async function connect() {
  transport = newTransport();
  client = new Client({ name: 'demo', version: '0.1.0' });
  try {
    await client.connect(transport);
  } catch (error) {
    await finish(error);
    transport = newTransport(); // one that has failed to connect is not started again
    client = new Client({ name: 'demo', version: '0.1.0' });
    await client.connect(transport);
  }
  return { protocolVersion: client.getNegotiatedProtocolVersion?.() };
}

async function call(tool, args) {
  try {
    return await client.callTool({ name: tool, arguments: args });
  } catch (error) {
    await finish(error);
    return client.callTool({ name: tool, arguments: args });
  }
}

/** Sent to the authorization server: redeem the code that came back. */
async function finish(error) {
  if (!(error instanceof UnauthorizedError)) throw error;
  report({ raised: error.constructor.name });
  await transport.finishAuth(OLD ? provider.callback.get('code') : provider.callback);
}

const commands = {
  connect,
  call: ({ tool, arguments: args }) => call(tool, args),
  close: async () => client.close(),
};

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line);
  try {
    report({ done: (await commands[command.do](command)) ?? null });
  } catch (error) {
    report({ failed: `${error.constructor.name}: ${error.message}` });
  }
}
