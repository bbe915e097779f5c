// An issuer in the process, and servers on 127.0.0.1, for the tests of this folder.

import http from 'node:http'
import { once } from 'node:events'

import { ResourceServer } from 'mcp-bearer'
import { Issuer } from 'mcp-bearer/testing'

export const RESOURCE = 'https://mcp.example.com/mcp'
export const ISSUER = 'https://as.example.com'

/** The issuer of the package, with tokens of one user for one resource. */
export function newIssuer(identifier = ISSUER) {
  const issuer = new Issuer(identifier)
  const token = (claims, header) =>
    issuer.token({ audience: RESOURCE, claims: { sub: 'alice', client_id: 'app', ...claims }, header })
  return { jwks: issuer.jwks, issuers: () => issuer.issuers(), token, bearer: (claims, header) => `Bearer ${token(claims, header)}` }
}

/** A server whose keys are in memory. */
export function newServer(as, options = {}) {
  return new ResourceServer({ resource: RESOURCE, issuers: as.issuers(), ...options })
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
