// The tokens of one algorithm, and the key that they are signed with.

import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'

export const BUILD = new URL('../../build/bench/', import.meta.url)

/** What `build/bench/tokens` holds for one algorithm. */
export function given(algorithm) {
  const content = JSON.parse(readFileSync(new URL(`tokens/${algorithm}.json`, BUILD), 'utf8'))
  const [jwk] = content.jwks.keys
  const key = createPublicKey({ key: jwk, format: 'jwk' })
  return { algorithm, ...content, key, pem: key.export({ type: 'spki', format: 'pem' }) }
}

/** A request as Node hands it over. */
export function request(token) {
  return {
    method: 'POST',
    url: '/mcp',
    rawHeaders: [
      'Host', 'mcp.example.com',
      'User-Agent', 'python-httpx/0.28.1',
      'Accept', 'application/json, text/event-stream',
      'Accept-Encoding', 'gzip, deflate',
      'Connection', 'keep-alive',
      'Content-Type', 'application/json',
      // In one piece, as the parser makes it: text that was joined is copied when it is first read.
      'Authorization', Buffer.from(`Bearer ${token}`).toString('latin1'),
      'MCP-Protocol-Version', '2025-06-18',
    ],
  }
}
