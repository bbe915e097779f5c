// What observers are told of decisions.

import test from 'node:test'
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { createHash } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'

import { OperationGuard, OperationPolicy, Requirement, ResourceServer } from 'mcp-bearer'
import { call, ISSUER, JSON_TYPE, newIssuer, newServer, RESOURCE } from './kit.mjs'

const decisions = channel('mcp-bearer:decision')
const as = newIssuer()
const get = value => ({ method: 'GET', url: '/todos', rawHeaders: ['authorization', value] })

/** Subscribes for the time of a test. */
function subscribe(t, listener) {
  decisions.subscribe(listener)
  t.after(() => decisions.unsubscribe(listener))
}

test('each check is told, to the function and on the channel alike', t => {
  const [told, published] = [[], []]
  subscribe(t, event => published.push(event))
  const server = newServer(as, { onDecision: event => told.push(event) })
  const token = as.token({ scope: 'todo:read' })
  assert.equal(server.tryAuthorize(get(`Bearer ${token}`), Requirement.allOf(['todo:write'])).allowed, false)
  assert.deepEqual(published, told)
  const fingerprint = createHash('sha256').update(token).digest('hex').slice(0, 16)
  const who = { resource: RESOURCE, issuer: ISSUER, subject: 'alice', clientId: 'app', scopes: ['todo:read'], fingerprint }
  const events = told.map(({ durationMs, line, ...event }) => {
    assert.ok(durationMs > 0 && durationMs < 60_000)
    assert.ok(line.includes(`check=${event.check}`) && !line.includes(token))
    return event
  })
  assert.deepEqual(events, [
    { check: 'token', allowed: true, reason: null, status: null, operation: null, ...who },
    { check: 'requirement', allowed: false, reason: 'insufficient_scope', status: 403, operation: null, ...who },
  ])
})

test('an operation is told in words of the policy', () => {
  const told = []
  const server = newServer(as, { onDecision: event => told.push(`${event.reason} ${event.operation}`) })
  const guard = new OperationGuard(server, new OperationPolicy({ tools: { list_todos: [] } }))
  const { token } = server.tryAuthenticate(get(as.bearer()))
  for (const name of ['list_todos', 'other']) {
    guard.permit(token, { method: 'POST', rawHeaders: JSON_TYPE, body: call(name) })
  }
  assert.deepEqual(told.slice(1), ['null tools/call list_todos', 'operation_not_allowed tools/call'])
})

test('it is told in the context of the request, also where keys had to be fetched', async t => {
  const alive = setInterval(() => {}, 60_000)
  t.after(() => clearInterval(alive))
  const context = new AsyncLocalStorage()
  const [told, published] = [[], []]
  subscribe(t, event => published.push([context.getStore(), event.reason]))
  const fetch = async () => ({ status: 200, body: Buffer.from(JSON.stringify(as.jwks)) })
  const server = new ResourceServer({
    resource: RESOURCE,
    issuers: [{ issuer: ISSUER, jwksUri: `${ISSUER}/keys` }],
    keys: { fetch },
    onDecision: event => told.push(event.reason),
  })
  await context.run(7, async () => {
    await server.authenticate(get(as.bearer()))
    assert.deepEqual(told.splice(0), [null])
    published.length = 0
    server.tryAuthenticate(get('Bearer x'))
  })
  assert.deepEqual(told, ['malformed_token'])
  assert.deepEqual(published, [[7, 'malformed_token']])
})

test('who does not listen any more is told no more, and nothing is made', () => {
  const published = []
  const listener = event => published.push(event)
  const server = newServer(as)
  for (const expected of [1, 2]) {
    decisions.subscribe(listener)
    server.tryAuthenticate(get('Bearer x'))
    decisions.unsubscribe(listener)
    server.tryAuthenticate(get('Bearer x'))
    assert.equal(published.length, expected)
  }
})

test('what an observer throws is a warning, and hurts nobody', async () => {
  for (const onDecision of [() => { throw new Error('on purpose') }, async () => { throw new Error('on purpose') }]) {
    const server = newServer(as, { onDecision })
    const warned = once(process, 'warning')
    assert.ok(server.tryAuthenticate(get(as.bearer())).authenticated)
    const [warning] = await warned
    assert.match(warning.message, /onDecision failed: .*on purpose/)
  }
  assert.throws(() => newServer(as, { onDecision: 'x' }), { name: 'ConfigError', setting: 'onDecision' })
})

test('each thread has a channel of its own', async () => {
  const code = `
    const { parentPort, workerData } = require('node:worker_threads')
    const { ResourceServer } = require('mcp-bearer')
    require('node:diagnostics_channel').subscribe('mcp-bearer:decision', event => parentPort.postMessage(event))
    const server = new ResourceServer(workerData)
    server.tryAuthenticate({ method: 'GET', url: '/', rawHeaders: ['authorization', 'Bearer x'] })`
  const workerData = { resource: RESOURCE, issuers: [{ issuer: ISSUER, jwks: as.jwks }] }
  const worker = new Worker(code, { eval: true, workerData })
  const [event] = await once(worker, 'message')
  assert.equal(event.reason, 'malformed_token')
  await worker.terminate()
})

test('a snapshot counts', () => {
  const server = newServer(as)
  for (const value of [as.bearer(), 'Bearer x', as.bearer({ exp: 1 }), 'Bearer x']) server.tryAuthenticate(get(value))
  const { authenticated, denied, tokenCache, keys } = server.stats()
  assert.equal(authenticated, 1)
  assert.deepEqual(denied, { malformed_token: 2, expired: 1 })
  assert.deepEqual(tokenCache, { hits: 0, misses: 1, tokens: 1 })
  assert.deepEqual(keys, server.keysHealth())
})
