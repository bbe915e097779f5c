// Prints each exchange as it happens, under its number in the quickstart's diagram.

import { bearerOf, kindOf, operationOf, parseToken } from './wire.mjs';

export class Narrator {
  #endpoint;
  #readingKeys = false;
  /** The numbers of the diagram that have been seen. */
  steps = new Set();

  constructor(endpoint) {
    this.#endpoint = endpoint;
  }

  say(number, text) {
    if (number) this.steps.add(number);
    console.log(`  ${number ? `(${number})`.padStart(4) : '    '} ${text}`);
  }

  /** A request of the client that is about to be sent. */
  request(request) {
    if (kindOf(request, this.#endpoint) !== 'mcp' || !request.authorization) return;
    const { header } = parseToken(bearerOf(request));
    this.say(8, `${line(request)} ${operationOf(request)}, with a token of key ${header.kid}`);
  }

  /** A request that the authorization server has answered; the client's own are told by themselves. */
  atAuthorizationServer(method, path) {
    if (path !== '/keys' && !/^\/\.well-known\/[a-z-]+$/.test(path)) return;
    this.say(9, `the MCP server asks: ${method} ${path}`);
    this.#readingKeys = true;
  }

  /** What the client was answered. */
  response(request, response) {
    switch (kindOf(request, this.#endpoint)) {
      case 'mcp': return this.#mcp(request, response);
      case 'resource metadata': return this.#resourceMetadata(request, response);
      case 'metadata': return this.#metadata(request, response);
      case 'registration': return this.#registration(request, response);
      case 'authorization': return this.#authorization(request, response);
      case 'token': return this.#token(request, response);
      default: return this.say('', `${line(request)}: ${response.status}`);
    }
  }

  #resourceMetadata(request, { status, body }) {
    this.say(1, `${line(request)}: ${status}`);
    if (status === 200) this.say(2, `the authorization server is ${JSON.parse(body).authorization_servers}`);
  }

  #metadata(request, { status, body }) {
    this.say(3, `${line(request)}: ${status}${status === 200 ? `, issuer ${JSON.parse(body).issuer}` : ''}`);
  }

  #registration(request, { status, body }) {
    this.say(3, `${line(request)}: ${status}, client ${JSON.parse(body).client_id}`);
  }

  #authorization(request, { status, location }) {
    const { searchParams } = new URL(request.url);
    const asked = (name) => `${name}="${searchParams.get(name)}"`;
    this.say(3, `${line(request)} ${asked('scope')} ${asked('resource')} ${asked('code_challenge_method')}`);
    this.say(4, 'nobody is asked: login and consent are automatic');
    const answered = location ? new URL(location).searchParams : new URLSearchParams();
    const code = answered.has('code') ? 'a code' : `error=${answered.get('error')}`;
    this.say(5, `${status}, back with ${code}, iss=${answered.get('iss')}`);
  }

  #token(request, { status, body }) {
    const asked = new URLSearchParams(request.body);
    const verifier = asked.has('code_verifier') ? ', with the PKCE verifier' : '';
    this.say(6, `${line(request)} ${asked.get('grant_type')}${verifier}`);
    if (status !== 200) return this.say(7, `${status} ${body}`);
    const { header, claims } = parseToken(JSON.parse(body).access_token);
    return this.say(7, `an access token: iss=${claims.iss} aud=${claims.aud} scope="${claims.scope}" `
      + `for ${claims.exp - claims.iat} s, key ${header.kid}`);
  }

  #mcp(request, { status, challenge }) {
    if (!request.authorization) {
      return this.say(1, `${line(request)} ${operationOf(request)}, without a token: ${status} ${challenge ?? ''}`);
    }
    if (this.#readingKeys) {
      this.#readingKeys = false;
      this.say(10, 'and checks the token itself');
    }
    return this.say(11, `${operationOf(request)}: ${status} ${challenge ?? ''}`.trimEnd());
  }
}

function line({ method, url }) {
  return `${method} ${new URL(url).pathname}`;
}
