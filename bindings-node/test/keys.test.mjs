// What there is to see of the issuers' keys.

import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import test from 'node:test'

import { Issuers, Requirement, ResourceServer } from 'mcp-bearer'
import { ISSUER, RESOURCE, newIssuer } from './kit.mjs'

/** An issuer that can be down, the time, and what is told of its keys. */
function newWorld(t) {
  // To be told of keys does not keep the process alive.
  const alive = setInterval(() => {}, 60_000)
  t.after(() => clearInterval(alive))
  const as = newIssuer()
  const world = { as, down: false, now: Date.now(), events: new EventEmitter() }
  const jwksUri = `${ISSUER}/keys`
  const fetch = async url => {
    assert.equal(url, jwksUri)
    const body = Buffer.from(world.down ? '' : JSON.stringify(as.jwks))
    return { status: world.down ? 503 : 200, body }
  }
  const onKeysEvent = (event, health) => world.events.emit('keys', event, health)
  world.issuers = new Issuers(
    [{ issuer: ISSUER, jwksUri }, { issuer: 'https://other.example.com', jwks: as.jwks }],
    { fetch, onKeysEvent, clock: () => world.now }
  )
  world.server = new ResourceServer({ resource: RESOURCE, issuers: world.issuers })
  const token = as.bearer({ exp: Math.floor(world.now / 1000) + 1000 })
  world.request = { method: 'GET', url: '/todos', rawHeaders: ['authorization', token] }
  return world
}

test('what there is to see', async t => {
  const world = newWorld(t)
  const [cold, fixed] = world.issuers.keysHealth()
  assert.deepEqual(cold, {
    issuer: ISSUER, status: 'none', ageMs: null, lastError: null, fetching: false, nextAttempt: null, keys: [],
    exposesSecrets: false,
  })
  assert.equal(fixed.status, 'fresh')
  assert.deepEqual(fixed.keys, [{ kid: world.as.jwks.keys[0].kid, algorithms: ['EdDSA'] }])

  const told = once(world.events, 'keys')
  assert.ok((await world.server.authorize(world.request, Requirement.none())).allowed)
  const [event, health] = await told
  assert.equal(event, 'fetched')
  assert.equal(health.issuer, ISSUER)
  const since = world.now / 1000
  world.now += 10_000
  const [fresh] = world.server.keysHealth()
  assert.equal(fresh.status, 'fresh')
  assert.equal(fresh.ageMs, 10_000)
  assert.ok(fresh.nextAttempt - since >= 216 && fresh.nextAttempt - since <= 264, fresh.nextAttempt)

  world.down = true
  world.now += 400_000
  const failed = once(world.events, 'keys')
  assert.ok((await world.server.authorize(world.request, Requirement.none())).allowed, 'stale')
  const [word, stale] = await failed
  assert.deepEqual([word, stale.status, stale.lastError], ['failed', 'stale', 'status 503'])
})

test('keys can be fetched ahead', async t => {
  const world = newWorld(t)
  const told = once(world.events, 'keys')
  world.server.warmUp()
  await told
  assert.ok(world.server.tryAuthorize(world.request, Requirement.none()).allowed)
})

test('an observer that fails is a warning, and hurts nobody', async t => {
  const alive = setInterval(() => {}, 60_000)
  t.after(() => clearInterval(alive))
  const as = newIssuer()
  for (const onKeysEvent of [() => { throw new Error('on purpose') }, async () => { throw new Error('on purpose') }]) {
    const fetch = async () => ({ status: 200, body: Buffer.from(JSON.stringify(as.jwks)) })
    const server = new ResourceServer({
      resource: RESOURCE, issuers: [{ issuer: ISSUER, jwksUri: `${ISSUER}/keys` }], keys: { fetch, onKeysEvent },
    })
    const warned = once(process, 'warning')
    const request = { method: 'GET', url: '/todos', rawHeaders: ['authorization', as.bearer()] }
    assert.ok((await server.authorize(request, Requirement.none())).allowed)
    const [warning] = await warned
    assert.match(warning.message, /onKeysEvent failed: .*on purpose/)
  }
})

test('what is called must be a function', () => {
  for (const setting of ['onKeysEvent', 'fetch', 'clock']) {
    assert.throws(() => new Issuers([ISSUER], { [setting]: 'x' }), { name: 'ConfigError', setting })
  }
})
