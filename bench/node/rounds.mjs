// Rounds in which every case runs once, one after the other, so that all see the same machine.

import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')

/**
 * Microseconds of CPU per check, of each of the tokens as often as told. A case pays for its own garbage,
 * and for no other's. The first round is the compiler's.
 */
export async function cpu(cases, tokens, rounds, times = 1) {
  const results = cases.map(({ name, ours = false, accepts = [] }) => ({ name, ours, samples: [], accepts }))
  const given = cases.map(({ prepare }) => tokens.map(prepare))
  for (let round = -1; round < rounds; round += 1) {
    for (const [index, one] of cases.entries()) {
      one.forget()
      collect({ type: 'minor' })
      const start = process.cpuUsage()
      for (let time = 0; time < times; time += 1) await all(one, given[index])
      const { user, system } = process.cpuUsage(start)
      if (round >= 0) results[index].samples.push((user + system) / tokens.length / times)
    }
  }
  return results
}

/** How long single checks take, in microseconds. */
export async function latencies(one, tokens) {
  const given = tokens.map(one.prepare)
  one.forget()
  const taken = []
  for (const value of given) {
    const start = process.hrtime.bigint()
    await accepted(one, value)
    taken.push(Number(process.hrtime.bigint() - start) / 1000)
  }
  taken.sort((a, b) => a - b)
  const at = part => Number(taken[Math.floor(taken.length * part)].toFixed(1))
  return { p50: at(0.5), p99: at(0.99) }
}

/** Which of the tokens are accepted. */
export async function verdicts(one, tokens) {
  const all = []
  for (const token of tokens) all.push(await accepted(one, one.prepare(token)))
  return all
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

/** As in a server, the event loop turns now and then, and what waits for it is done. */
async function all({ check, awaited }, given) {
  for (const [index, value] of given.entries()) {
    try {
      if (awaited) await check(value)
      else check(value)
    } catch {
      // A refusal.
    }
    if (index % 50 === 49) await setImmediate()
  }
}

async function accepted({ check }, value) {
  try {
    return Boolean(await check(value))
  } catch {
    return false
  }
}
