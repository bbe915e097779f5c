// node test/package/install.mjs: packs this package, installs it into an empty project, uses it there.

import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = name => fileURLToPath(new URL(name, import.meta.url))
const project = mkdtempSync(join(tmpdir(), 'mcp-bearer-'))
const run = (command, args, cwd = project) => execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

try {
  const packed = run('npm', ['pack', '--json', '--silent', '--pack-destination', project], here('../..'))
  // Some versions of npm show what their scripts print, too.
  const [{ filename, files }] = JSON.parse(packed.slice(packed.indexOf('[')))
  const names = files.map(({ path }) => path)
  console.log(`packed ${names.join(' ')}`)
  if (names.some(name => /^(src\/|test\/|node_modules|Cargo)/.test(name))) throw new Error('more is packed than belongs to users')

  writeFileSync(join(project, 'package.json'), '{"private":true}')
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${filename}`])
  for (const program of ['use.mjs', 'use.cjs']) {
    copyFileSync(here(program), join(project, program))
    process.stdout.write(run('node', [program]))
  }
  const help = run('npx', ['mcp-bearer', 'doctor', '--help'])
  if (!help.startsWith('mcp-bearer doctor URL')) throw new Error(`npx mcp-bearer says ${help}`)
} finally {
  rmSync(project, { recursive: true })
}
