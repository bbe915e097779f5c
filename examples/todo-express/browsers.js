// Web pages: which may call (MCP Streamable HTTP, "Security Warning"), and CORS for those.
//
// Outermost, around the guard: a preflight carries no token, and a page can read a refusal, with
// its challenge, only if CORS allows it. Clients that are no browsers send no Origin and pass.

import { MetadataRoutes } from 'mcp-bearer'

const METHODS = 'GET, POST, DELETE'
// What MCP Inspector and other clients in browsers send.
const REQUEST_HEADERS =
  'Accept, Authorization, Content-Type, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID'
const RESPONSE_HEADERS = 'MCP-Protocol-Version, Mcp-Session-Id, WWW-Authenticate, Retry-After'

/** Admits the pages of the origins in a space-separated list, by default those of this machine. */
export function browsers(list, server) {
  const listed = (list ?? '').split(/\s+/).filter(origin => origin !== '')
  const allowed = listed.length > 0 ? origin => listed.includes(origin) : isLoopback
  // Public, and with an answer of its own to CORS.
  const metadata = new MetadataRoutes([server]).paths

  return (req, res, next) => {
    const { origin } = req.headers
    if (origin === undefined || metadata.includes(req.path)) return next()
    if (!allowed(origin)) return res.status(403).type('text').send('This origin is not allowed.\n')

    res.set('Access-Control-Allow-Origin', origin).vary('Origin')
    if (req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined) {
      res.set('Access-Control-Allow-Methods', METHODS).set('Access-Control-Allow-Headers', REQUEST_HEADERS)
      return res.status(204).end()
    }
    res.set('Access-Control-Expose-Headers', RESPONSE_HEADERS)
    next()
  }
}

function isLoopback(origin) {
  if (!URL.canParse(origin)) return false
  const url = new URL(origin)
  return url.origin === origin && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
}
