// An issuer in the process, and servers on 127.0.0.1, for the tests of this folder.

import { generateKeyPairSync, sign } from 'node:crypto'
import http from 'node:http'
import { once } from 'node:events'

import { Issuers, ResourceServer } from 'mcp-bearer'

export const RESOURCE = 'https://mcp.example.com/mcp'
export const ISSUER = 'https://as.example.com'

const base64url = value => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Makes a key and mints tokens with it. */
export function newIssuer(issuer = ISSUER, kid = 'test') {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const jwks = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'EdDSA' }] }
  const token = (claims = {}, header = {}) => {
    const now = Math.floor(Date.now() / 1000)
    const payload = { iss: issuer, aud: RESOURCE, sub: 'alice', client_id: 'app', iat: now, exp: now + 300, ...claims }
    const input = `${base64url({ alg: 'EdDSA', typ: 'at+jwt', kid, ...header })}.${base64url(payload)}`
    return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`
  }
  return { issuer, jwks, token, bearer: (claims, header) => `Bearer ${token(claims, header)}` }
}

/** A server whose keys are in memory. */
export function newServer(as, options = {}) {
  const issuers = new Issuers([{ issuer: as.issuer, jwks: as.jwks }])
  return new ResourceServer({ resource: RESOURCE, issuers, ...options })
}

/** Serves an app for the time of a test; returns the base URL. */
export async function serve(t, handler) {
  const server = http.createServer(handler).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${server.address().port}`
}

/** One exchange; `headers` is an array of name and value in turn, so that names can repeat. */
export async function send(url, { method = 'GET', headers = [], body, path } = {}) {
  const { hostname, port, pathname, search } = new URL(url)
  const request = http.request({ hostname, port, method, path: path ?? pathname + search, agent: false })
  for (let index = 0; index < headers.length; index += 2) request.appendHeader(headers[index], headers[index + 1])
  request.end(body)
  const [response] = await once(request, 'response')
  const chunks = []
  for await (const chunk of response) chunks.push(chunk)
  const text = Buffer.concat(chunks).toString()
  return { status: response.statusCode, headers: response.headers, raw: response.rawHeaders, text }
}

export const JSON_TYPE = ['Content-Type', 'application/json']

/** A JSON-RPC call of a tool, as text. */
export function call(name, args = {}) {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } })
}
