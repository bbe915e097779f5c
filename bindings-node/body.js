'use strict'

// The body of a Node request, read so that it can be put back.

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

module.exports = { readBody }
