// CORS for web pages of any origin: whether a page may call is for the server behind to say.

const METHODS = 'GET, POST, DELETE'
const REQUEST_HEADERS =
  'Accept, Authorization, Content-Type, MCP-Protocol-Version, Mcp-Method, Mcp-Name, Mcp-Session-Id, Last-Event-ID'
const RESPONSE_HEADERS = 'MCP-Protocol-Version, Mcp-Session-Id, WWW-Authenticate, Retry-After'

/** Answers preflights here, and lets pages read every answer. */
export function answerBrowsers(req, res, next) {
  if (req.headers.origin === undefined) return next()
  res.set('Access-Control-Allow-Origin', '*')
  if (req.method === 'OPTIONS' && req.headers['access-control-request-method'] !== undefined) {
    res.set('Access-Control-Allow-Methods', METHODS).set('Access-Control-Allow-Headers', REQUEST_HEADERS)
    return res.status(204).end()
  }
  res.set('Access-Control-Expose-Headers', RESPONSE_HEADERS)
  next()
}
