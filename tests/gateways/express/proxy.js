// Passes an admitted request on and its answer back, streaming both ways.

import http from 'node:http'
import https from 'node:https'
import { pipeline } from 'node:stream'

// They concern one connection (RFC 9110 section 7.6.1).
const HOP_BY_HOP = [
  'connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection', 'te', 'trailer',
  'transfer-encoding', 'upgrade',
]
// The client's credentials, and what it says about who it is.
const PRIVATE = ['authorization', 'cookie', 'dpop', 'forwarded']
// Written anew for the request that is sent on.
const OF_THE_MESSAGE = ['content-length', 'expect', 'host']
// The server behind knows neither the client's authorization server nor who may read the answer.
const OF_THE_GATEWAY = ['www-authenticate', 'access-control-allow-origin', 'access-control-allow-credentials']

/** A handler that sends requests to `upstream` and to nowhere else. */
export function forwardTo(upstream) {
  const client = upstream.protocol === 'https:' ? https : http

  return (req, res) => {
    const removed = [...PRIVATE, ...OF_THE_MESSAGE]
    const headers = fields(req.rawHeaders, name => !removed.includes(name) && !name.startsWith('x-forwarded-'))
    headers.push('Host', upstream.host)
    // Where express.json() has read the body, what was judged is sent: the bytes, or the value.
    const parsed = req.method === 'POST' && req.readableEnded
    const body = parsed ? (req.judged ?? JSON.stringify(req.body)) : undefined
    if (body !== undefined) headers.push('Content-Length', String(Buffer.byteLength(body)))
    else if (req.method === 'POST') headers.push('Transfer-Encoding', 'chunked')

    const outgoing = client.request(upstream, { method: req.method, headers, agent: false })
    const fail = () => (res.headersSent ? res.destroy() : res.status(502).end())
    outgoing.on('error', fail)
    outgoing.on('response', answer => {
      // The server behind takes no tokens: its 401 is no answer to this client's.
      if (answer.statusCode === 401) {
        answer.destroy()
        return fail()
      }
      res.statusCode = answer.statusCode
      const passed = fields(answer.rawHeaders, name => !OF_THE_GATEWAY.includes(name))
      for (let index = 0; index < passed.length; index += 2) res.appendHeader(passed[index], passed[index + 1])
      res.flushHeaders()
      pipeline(answer, res, () => {})
    })
    res.on('close', () => outgoing.destroy())

    // Only the body of a POST is judged, so that no other is sent on.
    if (req.method !== 'POST') outgoing.end()
    else if (body !== undefined) outgoing.end(body)
    else pipeline(req, outgoing, () => {})
  }
}

/** The end-to-end fields that are kept, names and values in turn. */
function fields(raw, keep) {
  const pairs = []
  for (let index = 0; index < raw.length; index += 2) pairs.push([raw[index], raw[index + 1]])
  const connection = pairs.filter(([name]) => name.toLowerCase() === 'connection').map(([, value]) => value)
  const named = connection.join().split(',').map(name => name.trim().toLowerCase())
  return pairs.filter(([name]) => {
    const lower = name.toLowerCase()
    return !HOP_BY_HOP.includes(lower) && !named.includes(lower) && keep(lower)
  }).flat()
}
