// Runs the shared vectors of tests/vectors. Their README says what each member means. What this
// runner does not know it refuses, and it cannot leave a case out.

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import test, { after } from 'node:test'
import { setImmediate } from 'node:timers/promises'

import {
  ConfigError, Guard, MetadataRoutes, OperationGuard, OperationPolicy, Requirement, ResourceServer,
} from 'mcp-bearer'

const folder = new URL('../../tests/vectors/', import.meta.url)
const files = readdirSync(folder).filter(name => name.endsWith('.json') && name !== 'schema.json')
const reasons = new Set()
let total = 0
let ran = 0

test('there are vectors', () => assert.ok(files.length > 0))

for (const file of files) {
  const { numberOfTests, notes, testGroups, ...rest } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'))
  nothingElse(rest, file)
  assert.equal(typeof notes, 'object')
  const ids = new Set()
  for (const group of testGroups) {
    for (const { tcId, result } of group.tests) {
      assert.ok(!ids.has(tcId), `${file}: ${tcId} occurs twice`)
      ids.add(tcId)
      if (result.reason !== undefined) reasons.add(result.reason)
    }
    test(`${file}: ${group.comment}`, () => groupTypes[group.type](group))
  }
  assert.equal(ids.size, numberOfTests, `${file}: number of tests`)
  total += numberOfTests
}

after(() => assert.equal(ran, total, 'every vector was run'))

test('every reason is in the declared type', () => {
  const declared = readFileSync(new URL('../index.d.ts', import.meta.url), 'utf8')
  const [, union] = declared.match(/type Reason =([^(]*)\(string/)
  const names = new Set(Array.from(union.matchAll(/'(.*)'/g), ([, name]) => name))
  assert.deepEqual([...reasons].filter(reason => !names.has(reason)), [])
})

const groupTypes = { request: runRequests, configuration: runConfigurations }

/** One group is one server: its tests run in order, on the same instance. */
async function runRequests({ type, comment, server, now, fetch, policy, public_routes, with: others, root_alias, tests, ...rest }) {
  nothingElse(rest, comment)
  const world = { now, script: fetch, fetched: [] }
  const built = newServer(server, world)
  const guard = new Guard(built, { publicRoutes: public_routes })
  const operationPolicy = newPolicy(policy ?? {})
  const operations = new OperationGuard(built, operationPolicy)
  const routes = () => newRoutes(built, others, root_alias, world)
  for (const { tcId, comment, notes, requirements, input, result, fetched, ...rest } of tests) {
    ran += 1
    nothingElse(rest, tcId)
    const { call, now, fetch, method, target, headers, requirement, body, ...more } = input
    nothingElse(more, tcId)
    world.now = now ?? world.now
    world.script = fetch ?? world.script
    world.fetched = []
    const request = { method, url: target, rawHeaders: headers.flat() }
    /** The form without I/O first, the other one only if that was pending. */
    const ask = async (owner, name, ...args) => {
      const answer = owner[`try${name[0].toUpperCase()}${name.slice(1)}`](...args)
      if (answer === null) assert.ok(world.script !== undefined, `${tcId}: keys in memory must not be pending`)
      return answer ?? (await owner[name](...args))
    }
    const calls = {
      guard: async () => entryOutcome(await ask(guard, 'enter', request)),
      authorize: async () => decisionOutcome(await ask(built, 'authorize', request, newRequirement(requirement))),
      operation: async () => {
        const entry = await ask(operations, 'enter', request)
        if (!['authenticated', 'anonymous'].includes(entry.kind)) return entryOutcome(entry)
        return decisionOutcome(operations.permit(entry.token, { ...request, ...newBody(body) }))
      },
      tools_list: async () => {
        const { authenticated, token, denial } = await ask(built, 'authenticate', request)
        if (!authenticated) return { outcome: 'denied', ...denial }
        const { parsed, ...rest } = newBody(body)
        nothingElse(rest, tcId)
        const result = built.filterToolsList(token, operationPolicy, parsed)
        const shown = parsed.tools.filter(tool => typeof tool?.name === 'string' && built.showsTool(token, operationPolicy, tool.name))
        assert.deepEqual(result.tools, shown)
        assert.deepEqual(parsed, newBody(body).parsed)
        return { outcome: 'listed', result }
      },
      metadata: async () => {
        const response = routes().respond(request)
        return response === null ? { outcome: 'none' } : { outcome: 'answer', ...response }
      },
    }
    assert.deepEqual(await calls[call](), result, `${tcId}: ${comment}`)
    while (built.keysHealth().some(({ fetching }) => fetching)) await setImmediate()
    if (fetched !== undefined) assert.deepEqual(world.fetched, fetched, `${tcId}: ${comment}: fetched`)
  }
}

function runConfigurations({ type, comment, tests, ...rest }) {
  nothingElse(rest, comment)
  for (const { tcId, comment, notes, requirements, input, result, ...rest } of tests) {
    ran += 1
    nothingElse(rest, tcId)
    const { server, requirement, policy, public_routes, with: others, root_alias, ...more } = input
    nothingElse(more, tcId)
    const world = { now: 0, fetched: [] }
    const build = () => {
      const built = newServer(server, world)
      if (requirement !== undefined) newRequirement(requirement)
      if (policy !== undefined) newPolicy(policy)
      if (public_routes !== undefined) new Guard(built, { publicRoutes: public_routes })
      if (others !== undefined || root_alias !== undefined) newRoutes(built, others, root_alias, world)
    }
    if (result.outcome === 'built') {
      assert.doesNotThrow(build, `${tcId}: ${comment}`)
      continue
    }
    assert.equal(result.outcome, 'error')
    assert.throws(build, error => {
      assert.ok(error instanceof ConfigError, `${tcId}: ${comment}: ${error}`)
      assert.equal(spelling(error.setting), result.setting, `${tcId}: ${comment}`)
      assert.ok(spelledAs(error.message).includes(spelledAs(result.says)), `${tcId}: ${comment}: ${error.message}`)
      return true
    })
  }
}

function entryOutcome(entry) {
  switch (entry.kind) {
    case 'authenticated':
      return { outcome: 'allowed', token: tokenOutcome(entry.token), response_headers: entry.responseHeaders }
    case 'answer':
      return { outcome: 'answer', ...entry.response }
    case 'denied':
      return { outcome: 'denied', ...entry.denial }
    default:
      return { outcome: 'public' }
  }
}

function decisionOutcome(decision) {
  if (!decision.allowed) return { outcome: 'denied', ...decision.denial }
  return { outcome: 'allowed', token: tokenOutcome(decision.token), response_headers: decision.responseHeaders }
}

function tokenOutcome(token) {
  if (token === null) return null
  const { issuer, subject, clientId: client_id, scopes, audiences, expiresAt: expires_at } = token
  return { issuer, subject, client_id, scopes, audiences, expires_at }
}

function newServer(settings, world) {
  const {
    resource, environment, issuers, leeway, jwks_fresh, jwks_cooldown, jwks_timeout, jwks_max_stale,
    dangerously_allow_http_hosts, ca_file, ...others
  } = settings
  const plain = [
    'audiences', 'allowed_clients', 'authorization_servers', 'scopes_supported', 'challenge_scopes', 'algorithms',
    'max_token_size', 'token_cache', 'rfc9068_only', 'realm', 'scope_hierarchy', 'error_on_missing_token',
    'challenge_granted_scopes', 'metadata',
  ]
  const options = { leewayMs: milliseconds(leeway) }
  for (const name of plain) {
    options[camel(name)] = others[name]
    delete others[name]
  }
  nothingElse(others, 'server')
  const keys = {
    jwksFreshMs: milliseconds(jwks_fresh),
    jwksCooldownMs: milliseconds(jwks_cooldown),
    jwksTimeoutMs: milliseconds(jwks_timeout),
    jwksMaxStaleMs: milliseconds(jwks_max_stale),
    dangerouslyAllowHttpHosts: dangerously_allow_http_hosts,
    caFile: ca_file,
    clock: () => world.now * 1000,
    fetch: (url, timeoutMs, headers) => answer(url, headers, world),
  }
  if (environment !== undefined) return ResourceServer.fromEnv({ ...options, issuers: issuers?.map(newIssuer), keys }, environment)
  return new ResourceServer({ resource, ...options, issuers: (issuers ?? []).map(newIssuer), keys })
}

function newIssuer({ issuer, also, jwks, jwks_uri: jwksUri, fallback_jwks_uri: fallbackJwksUri, audiences, ...rest }) {
  nothingElse(rest, issuer)
  return { issuer, also, jwks, jwksUri, fallbackJwksUri, audiences }
}

async function answer(url, sent, world) {
  world.fetched.push([url, ...Object.values(sent)].join(' '))
  assert.ok(world.script !== undefined, `nothing is ever fetched, but ${url} was`)
  const { status, headers, body, error, ...rest } = world.script[url] ?? { status: 404, body: '' }
  nothingElse(rest, url)
  if (error === 'timeout') throw new DOMException('', 'TimeoutError')
  if (error === 'connect' || error === 'reset') throw new TypeError()
  if (error === 'too_large') throw new RangeError()
  if (error === 'other') throw new Error()
  assert.equal(error, undefined)
  return { status, headers, body: Buffer.from(body) }
}

function newRoutes(server, others = [], rootAlias, world) {
  return new MetadataRoutes([server, ...others.map(settings => newServer(settings, world))], { rootAlias })
}

function newRequirement(conditions) {
  const kinds = {
    all_of: scopes => Requirement.allOf(scopes),
    any_of: scopes => Requirement.anyOf(scopes),
    claim_contains: ([claim, value]) => Requirement.claimContains(claim, value),
    claim_in: ([claim, values]) => Requirement.claimIn(claim, values),
    client_in: clients => Requirement.clientIn(clients),
  }
  const one = condition => {
    const [[kind, value], ...rest] = Object.entries(condition)
    nothingElse(rest, kind)
    return kinds[kind](value)
  }
  return conditions.reduce((all, condition) => all.and(one(condition)), Requirement.none())
}

function newPolicy(settings) {
  const {
    base, tools, prompts, resources, resource_prefixes, methods, other_tools, other_prompts, other_resources,
    public_methods: publicMethods, body_limit: bodyLimit, ...rest
  } = settings
  nothingElse(rest, 'policy')
  const rules = given => given && Object.fromEntries(Object.entries(given).map(([name, rule]) => [name, newRule(rule)]))
  return new OperationPolicy({
    base: base && newRequirement(base),
    tools: rules(tools),
    prompts: rules(prompts),
    resources: rules(resources),
    resourcePrefixes: rules(resource_prefixes),
    methods: rules(methods),
    otherTools: newRule(other_tools),
    otherPrompts: newRule(other_prompts),
    otherResources: newRule(other_resources),
    publicMethods,
    bodyLimit,
  })
}

function newRule(rule) {
  const functions = {
    list_scope: ({ arguments: args }) => {
      const list = args?.list
      return typeof list === 'string' && /^[a-z]+$/.test(list) ? `list:${list}` : 'list:any'
    },
    owner_only: ({ name, token }) => (name.endsWith(token.subject) ? Requirement.none() : 'todo:admin'),
    failing: () => {
      throw new Error('this function fails')
    },
  }
  if (rule === undefined) return undefined
  if (Array.isArray(rule)) return newRequirement(rule)
  const { function: name, ...rest } = rule
  nothingElse(rest, name)
  assert.ok(name in functions, name)
  return functions[name]
}

function newBody(body) {
  const { text, base64, parsed, ...rest } = body ?? {}
  nothingElse(rest, 'body')
  if (parsed !== undefined) return { parsed: JSON.parse(parsed) }
  return { body: base64 !== undefined ? Buffer.from(base64, 'base64') : (text ?? '') }
}

/** Settings as the vectors spell them: Rust's names. */
function spelling(setting) {
  if (setting.includes('.') || /[A-Z]{2}/.test(setting)) return setting
  return snake(setting.replace(/Ms$/, ''))
}

/** Messages mention other settings, each language in its own spelling. */
function spelledAs(text) {
  return text.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())
}

function camel(name) {
  return name.replace(/_([a-z0-9])/g, (_, letter) => letter.toUpperCase())
}

function snake(name) {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)
}

function milliseconds(seconds) {
  return seconds === undefined ? undefined : seconds * 1000
}

function nothingElse(rest, where) {
  assert.deepEqual(Object.keys(rest), [], `${where}: members that this runner does not know`)
}
