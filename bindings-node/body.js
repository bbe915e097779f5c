'use strict'

// The body of a Node request, read so that it can be put back.

/**
 * Whether there may be a body to be read. Of a POST that shows, and of another request its frame says
 * so (RFC 9112, section 6.3; over HTTP/2 its stream): to read it for nothing would end it, which
 * handlers of event streams take for the end of the client.
 */
function mayHaveBody({ method, headers, stream }) {
  const framed = headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'
  return method === 'POST' || framed || (stream !== undefined && !stream.endAfterHeaders)
}

/**
 * Reads a body until it ends or exceeds the limit, which is enough for the policy to see that. It may
 * be put back with `unshift` before `done` returns: only then does the stream say that it has ended.
 */
function readBody(req, limit, done) {
  const chunks = []
  let size = 0
  const read = () => {
    for (let chunk; (chunk = req.read()) !== null; size += chunk.length) chunks.push(chunk)
    if (size > limit || req.complete) finish()
  }
  const finish = () => {
    req.removeListener('readable', read)
    req.removeListener('end', finish)
    done(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
  }
  req.on('readable', read)
  // An empty body that has arrived already is never readable. One that breaks off has no end, and
  // nobody waits for the answer.
  req.on('end', finish)
}

module.exports = { mayHaveBody, readBody }
