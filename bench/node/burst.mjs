// What a burst of tokens that nobody has seen does to a server: 1,000 requests at once, and how late the
// event loop comes to anything else meanwhile. The check where the request is, beside the same signature
// on libuv's thread pool.
//
// `node burst.mjs <algorithm> <way>` is the server of one way.

import { fork } from 'node:child_process'
import { verify } from 'node:crypto'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'

import { Guard, Issuers, ResourceServer } from 'mcp-bearer'

import { given } from './given.mjs'
import { signed } from './peers.mjs'
import { median } from './rounds.mjs'

const WAYS = { none: 'no check', here: 'mcp-bearer', pool: 'signature on the thread pool, no other check' }
const CONNECTIONS = 100

/** One table for an algorithm. */
export async function burst(algorithm, rounds) {
  const { tokens } = given(algorithm)
  const servers = await Promise.all(Object.keys(WAYS).map(way => start(algorithm, way)))
  const results = servers.map(({ way }) => ({ name: WAYS[way], ours: way === 'here', samples: [], p99: [], max: [], ms: [] }))
  for (let round = -2; round < rounds; round += 1) {
    for (const [index, { child, port }] of servers.entries()) {
      child.send('start')
      await once(child, 'message')
      const begun = performance.now()
      await send(port, tokens)
      const ms = performance.now() - begun
      child.send('stop')
      const [{ cpu, p99, max }] = await once(child, 'message')
      // The first rounds are the compiler's.
      if (round < 0) continue
      results[index].samples.push(cpu / tokens.length)
      results[index].p99.push(p99)
      results[index].max.push(max)
      results[index].ms.push(ms)
    }
  }
  for (const { child } of servers) child.kill()
  const shown = values => Number(median(values).toFixed(1))
  return {
    title: `${algorithm}, 1,000 requests at once with tokens never seen before`,
    unit: 'µs of CPU per request',
    note: 'delay: how late the event loop was for anything else, in ms, medians over the rounds; whole: until all were answered',
    cases: results.map(({ p99, max, ms, ...one }) => {
      return { ...one, extra: { 'delay p99': shown(p99), 'delay max': shown(max), whole: shown(ms) } }
    }),
  }
}

async function start(algorithm, way) {
  const child = fork(fileURLToPath(import.meta.url), [algorithm, way])
  const [port] = await once(child, 'message')
  return { way, child, port }
}

/** All of them at once, on connections that are there. */
async function send(port, tokens) {
  const sockets = Array.from({ length: CONNECTIONS }, () => net.connect(port, '127.0.0.1'))
  await Promise.all(sockets.map(socket => once(socket, 'connect')))
  let left = tokens.length
  await new Promise((resolve, reject) => {
    for (const [index, socket] of sockets.entries()) {
      const own = tokens.filter((_, n) => n % CONNECTIONS === index)
      socket.on('data', data => {
        const answers = data.toString('latin1').match(/HTTP\/1\.1 (...)/g)
        for (const answer of answers ?? []) {
          if (!answer.endsWith('200')) return reject(new Error(answer))
          left -= 1
        }
        if (left === 0) resolve()
      })
      socket.write(own.map(text).join(''))
    }
  })
  for (const socket of sockets) socket.destroy()
}

function text(token) {
  return `GET / HTTP/1.1\r\nHost: mcp.example.com\r\nAccept: */*\r\nAuthorization: Bearer ${token}\r\n\r\n`
}

/** The server of one way, told by its parent when to measure. */
async function serve(algorithm, way) {
  const { issuer, audience, jwks, key } = given(algorithm)
  const guard = new Guard(new ResourceServer({ resource: audience, issuers: new Issuers([{ issuer, jwks }]), tokenCache: 0 }))
  const how = algorithm === 'ES256' ? { key, dsaEncoding: 'ieee-p1363' } : key
  const handlers = {
    none: (req, res) => res.end('ok'),
    here: (req, res) => {
      res.statusCode = guard.tryEnter(req).kind === 'authenticated' ? 200 : 401
      res.end('ok')
    },
    pool: (req, res) => {
      const { input, signature } = signed(req.headers.authorization.slice(7))
      verify(algorithm === 'EdDSA' ? null : 'sha256', input, how, signature, (error, good) => {
        res.statusCode = good ? 200 : 401
        res.end('ok')
      })
    },
  }
  const server = http.createServer(handlers[way]).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const delay = monitorEventLoopDelay({ resolution: 1 })
  let begun
  process.on('disconnect', () => process.exit())
  process.on('message', what => {
    if (what === 'start') {
      delay.reset()
      delay.enable()
      begun = process.cpuUsage()
      return process.send('ready')
    }
    const { user, system } = process.cpuUsage(begun)
    delay.disable()
    process.send({ cpu: user + system, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 })
  })
  process.send(server.address().port)
}

if (process.send && process.argv[2]) await serve(process.argv[2], process.argv[3])
