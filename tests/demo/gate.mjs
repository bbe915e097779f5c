// Stands in front of an MCP server, and can stand for what happens to one: a token that expires in the middle of a
// session, a server that has no keys. Every answer is that of a real server.

import { createPrivateKey, sign } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';

import { bearerOf, parseToken } from './wire.mjs';

export class Gate {
  #server = http.createServer((incoming, outgoing) => this.#pass(incoming, outgoing));
  /** The port of the server that answers. */
  target;
  /** Tokens whose time is over, and what they would be then. */
  #expired = new Map();
  /** Of each request: what it was, and what it got. */
  seen = [];

  async open(port = 0) {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return this.#server.address().port;
  }

  async close() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Ends the time of the token that was used last, which its issuer has signed with this key. */
  expire(key) {
    const token = bearerOf(this.seen.findLast(({ authorization }) => authorization));
    const { header, claims } = parseToken(token);
    const past = { ...claims, iat: claims.iat - 86_400, nbf: claims.iat - 86_400, exp: claims.iat - 3_600 };
    const content = [header, past].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
    const signature = sign('sha256', Buffer.from(content), createPrivateKey({ key, format: 'jwk' }));
    this.#expired.set(token, `${content}.${signature.toString('base64url')}`);
  }

  async #pass(incoming, outgoing) {
    const { method, url, headers } = incoming;
    const body = Buffer.concat(await incoming.toArray());
    const expired = this.#expired.get(bearerOf(headers));
    const passed = { ...headers, ...(expired && { authorization: `Bearer ${expired}` }) };
    const forwarded = http.request({ host: '127.0.0.1', port: this.target, method, path: url, headers: passed, agent: false });
    outgoing.once('close', () => forwarded.destroy());
    forwarded.once('error', () => outgoing.destroy());
    forwarded.once('response', (answer) => {
      this.seen.push({ method, url, authorization: headers.authorization, status: answer.statusCode });
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.end(body);
  }
}
