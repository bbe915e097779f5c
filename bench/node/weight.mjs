// What it costs to have a package at all.

import { execFileSync } from 'node:child_process'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = name => fileURLToPath(new URL(name, import.meta.url))

/** Each package loaded by a process of its own; `MB` is all that it and what it needs takes unpacked. */
export function requires(rounds) {
  const names = ['mcp-bearer', 'jose', 'fast-jwt', 'aws-jwt-verify', 'express-oauth2-jwt-bearer', '@node-rs/jsonwebtoken', 'jsonwebtoken']
  const cases = names.map(name => ({ name, ours: name === 'mcp-bearer', samples: [] }))
  for (let round = 0; round < rounds; round += 1) {
    for (const { name, samples } of cases) samples.push(milliseconds(name))
  }
  const [ours] = cases
  ours.extra = { 'MB of the addon': megabytes(here('node_modules/mcp-bearer')) }
  return { title: 'Require', unit: 'ms of wall time', cases }
}

function milliseconds(name) {
  const program = `const t = performance.now(); require('${name}'); process.stdout.write(String(performance.now() - t))`
  return Number(execFileSync(process.execPath, ['--input-type=commonjs', '--eval', program], { cwd: here('.'), encoding: 'utf8' }))
}

function megabytes(folder) {
  const addons = readdirSync(folder).filter(name => name.endsWith('.node'))
  const bytes = addons.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
  return Number((bytes / 1e6).toFixed(2))
}
