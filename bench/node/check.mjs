// node check.mjs: the check of a token by mcp-bearer and by its peers, in one process.
//
// `ROUNDS=3` for a quick look. The tokens must be there (`bench/rust`, bin `mint`). Writes
// `build/bench/results/node.json`. Read the ratios, never the absolute numbers.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'

import { Issuers, Requirement, ResourceServer } from 'mcp-bearer'

import { burst } from './burst.mjs'
import { BUILD, given, request } from './given.mjs'
import * as peers from './peers.mjs'
import { cpu, latencies, median, verdicts } from './rounds.mjs'
import { requires } from './weight.mjs'

const ROUNDS = Number(process.env.ROUNDS ?? 11)
const UNIT = 'µs of CPU per check'

async function main() {
  const tables = []
  const add = table => {
    show(table)
    tables.push(table)
  }
  for (const algorithm of ['RS256', 'ES256', 'EdDSA']) {
    for (const table of await ofAlgorithm(given(algorithm))) add(table)
    add(await burst(algorithm, ROUNDS))
  }
  add(requires(ROUNDS))
  write(tables)
}

/** Tokens never seen before, one token again, bad signatures. */
async function ofAlgorithm(given) {
  const { algorithm, tokens, forged } = given
  const cases = (await casesOf(given)).map(one => ({ prepare: token => token, forget: () => {}, ...one }))
  for (const one of cases) await prove(one, given)
  const unseen = await cpu(cases, tokens, ROUNDS)
  for (const [index, one] of cases.entries()) unseen[index].extra = await latencies(one, tokens)
  return [
    { title: `${algorithm}, tokens never seen before`, unit: UNIT, cases: unseen },
    { title: `${algorithm}, one token again`, unit: UNIT, cases: await cpu(cases, Array(tokens.length).fill(tokens[0]), ROUNDS, 3) },
    { title: `${algorithm}, bad signatures`, unit: UNIT, cases: await cpu(cases, forged, ROUNDS) },
  ]
}

async function casesOf(given) {
  const { algorithm, issuer, audience, jwks } = given
  const server = new ResourceServer({ resource: audience, issuers: new Issuers([{ issuer, jwks }]) })
  const needed = Requirement.scope('todo:read')
  const own = { prepare: request, forget: () => server.clearTokenCache() }
  let cached = peers.fastJwt(given, true)
  const cases = [
    { name: 'mcp-bearer', ours: true, check: req => server.tryAuthorize(req, needed).allowed, ...own },
    { name: 'mcp-bearer, all claims read', check: req => server.tryAuthorize(req, needed).token?.claims, ...own },
    { name: 'crypto.verify alone', check: peers.signature(given), prepare: peers.signed, bare: true },
    { name: 'by hand, node:crypto', check: peers.byHand(given) },
    { name: 'fast-jwt', check: peers.fastJwt(given, false) },
    { name: 'fast-jwt, its cache on', check: token => cached(token), forget: () => (cached = peers.fastJwt(given, true)) },
    { name: 'aws-jwt-verify', check: peers.awsJwtVerify(given) },
    { name: 'jose, prepared key', check: await peers.joseKey(given), awaited: true },
    { name: 'jose, local JWK set', check: peers.joseSet(given), awaited: true },
    { name: 'express-oauth2-jwt-bearer', check: peers.expressOauth2(given), awaited: true },
    { name: '@node-rs/jsonwebtoken', check: peers.nodeRs(given) },
  ]
  // It does not know EdDSA.
  if (algorithm !== 'EdDSA') cases.push({ name: 'jsonwebtoken', check: peers.jsonWebToken(given) })
  return cases
}

/** Fails if a case gives wrong verdicts; notes those that are wrong for a reason of its own. */
async function prove(one, { algorithm, tokens, forged, bad }) {
  const good = await verdicts(one, tokens)
  if (good.includes(false)) throw new Error(`${one.name} refuses a good ${algorithm} token`)
  if ((await verdicts(one, forged)).includes(true)) throw new Error(`${one.name} accepts a bad ${algorithm} signature`)
  // A signature says nothing about claims.
  if (one.bare) return
  const accepted = await verdicts(one, Object.values(bad))
  one.accepts = Object.keys(bad).filter((_, index) => accepted[index])
  if (one.prepare === request && one.accepts.length > 0) throw new Error(`${one.name} accepts ${one.accepts}`)
}

/** Each case beside ours, round by round. */
function show({ title, unit, cases }) {
  const { samples: ours } = cases.find(({ ours }) => ours)
  console.log(`\n${title} (${unit})`)
  for (const { name, samples, extra, accepts = [] } of cases) {
    const ratios = samples.map((theirs, round) => theirs / ours[round])
    const beside = Object.entries(extra ?? {}).map(([what, value]) => `${what} ${value}`).join(', ')
    const columns = [median(samples), Math.min(...samples), median(ratios), Math.min(...ratios)].map(value => value.toFixed(2).padStart(9))
    console.log(`  ${name.padEnd(46)}${columns.join('')}  ${beside}  ${accepts.join(', ')}`)
  }
}

function write(tables) {
  const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'))
  const own = JSON.parse(readFileSync(new URL('../../bindings-node/package.json', import.meta.url), 'utf8'))
  const content = {
    part: 'node',
    title: 'Node, in process',
    machine: { CPU: os.cpus()[0].model, cores: os.cpus().length, system: os.release() },
    versions: { Node: process.versions.node, ...dependencies, 'mcp-bearer': own.version, profile: process.env.PROFILE ?? 'not stated' },
    tables,
  }
  mkdirSync(new URL('results/', BUILD), { recursive: true })
  writeFileSync(new URL('results/node.json', BUILD), `${JSON.stringify(content, null, 2)}\n`)
}

await main()
