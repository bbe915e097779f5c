// node test/package/install.mjs FOLDER: installs the packed packages of FOLDER into an empty project, runs the programs
// and the vectors there, and lets TypeScript, publint and attw judge what users get.

import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = name => fileURLToPath(new URL(name, import.meta.url))
const tarballs = readdirSync(process.argv[2]).map(name => resolve(process.argv[2], name))
const main = tarballs.find(path => /mcp-bearer-\d[^/\\]*\.tgz$/.test(path))
const libc = { linux: process.report.getReport().header.glibcVersionRuntime ? '-gnu' : '-musl', win32: '-msvc' }[process.platform] ?? ''
const platform = `${process.platform}-${process.arch}${libc}`
const addon = tarballs.find(path => path.includes(`mcp-bearer-${platform}-`))

// The layout of the repository, since the vectors are found by their place in it.
const folder = mkdtempSync(join(tmpdir(), 'mcp-bearer-'))
const project = join(folder, 'project')
const installed = join(project, 'node_modules', 'mcp-bearer')
try {
  mkdirSync(project)
  writeFileSync(join(project, 'package.json'), '{"private":true}')
  install(main)
  checkContents()
  checkError([], `install .*mcp-bearer-${platform}\\b`)
  checkError(['--import', 'data:text/javascript,Object.defineProperty(process,"arch",{value:"mips"})'], 'mips. There are addons for .*linux-x64-gnu')
  writeFileSync(join(installed, `mcp-bearer.${platform}.node`), 'no library')
  checkError([], 'that loads: .')
  rmSync(installed, { recursive: true })
  install(main, addon)
  checkPrograms()
  checkVectors()
  checkTypes()
  checkManifest()
} finally {
  rmSync(folder, { recursive: true })
}

function install(...packages) {
  npm('install', '--offline', '--no-audit', '--no-fund', '--silent', ...packages)
}

function checkContents() {
  const names = readdirSync(installed)
  assert.ok(names.includes('README.md') && names.includes('LICENSE-MIT'), names.join(' '))
  assert.deepEqual(names.filter(name => /^(src|test|npm|node_modules|build\.rs|Cargo\.toml|.*\.node)$/.test(name)), [])
  // The loader names each package that npm installs for a platform.
  const loader = readFileSync(join(installed, 'native.js'), 'utf8')
  const named = Array.from(loader.matchAll(/require\('(mcp-bearer-.*)'\)/g), ([, name]) => name)
  assert.deepEqual(named.sort(), Object.keys(manifest().optionalDependencies).sort())
}

/** Without its addon, the package says what to install. */
function checkError(options, expected) {
  const { stderr, status } = spawnSync(process.execPath, [...options, '-e', 'require("mcp-bearer")'], { cwd: project, encoding: 'utf8' })
  assert.notEqual(status, 0)
  assert.match(stderr, new RegExp(`mcp-bearer has no addon for ${process.platform}-.*${expected}`))
}

function checkPrograms() {
  for (const program of ['use.mjs', 'use.cjs']) {
    cpSync(here(program), join(project, program))
    process.stdout.write(node([program]))
  }
  assert.match(npm('exec', '--offline', '--', 'mcp-bearer', 'doctor', '--help'), /^mcp-bearer doctor URL/)
}

function checkVectors() {
  cpSync(here('../vectors.test.mjs'), join(project, 'test', 'vectors.test.mjs'))
  cpSync(here('../../../tests/vectors'), join(folder, 'tests', 'vectors'), { recursive: true })
  cpSync(join(installed, 'index.d.ts'), join(project, 'index.d.ts'))
  node(['--test', join('test', 'vectors.test.mjs')])
  console.log('installed: every vector holds')
}

/** The programs of the type tests, and an import of each subpath, beside the packages that their types come from. */
function checkTypes() {
  symlinkSync(here('../../node_modules'), join(folder, 'node_modules'), 'junction')
  const types = join(project, 'types')
  cpSync(here('../types'), types, { recursive: true })
  const subpaths = Object.keys(manifest().exports).filter(path => path !== './package.json')
  const lines = subpaths.map((path, i) => `export * as x${i} from 'mcp-bearer${path.slice(1)}'\n`)
  writeFileSync(join(types, 'subpaths.mts'), lines.join(''))
  writeFileSync(join(types, 'subpaths.cts'), lines.join(''))
  const compile = (...options) => tool('typescript/bin/tsc', '--project', types, ...options)
  compile('--module', 'node16', '--moduleResolution', 'node16')
  // What is bundled is written as ES modules.
  for (const name of readdirSync(types)) if (name.endsWith('.cts')) rmSync(join(types, name))
  compile('--module', 'preserve', '--moduleResolution', 'bundler')
  console.log(`installed: TypeScript finds ${subpaths.join(' ')}`)
}

function checkManifest() {
  tool('publint/src/cli.js', '--strict', main)
  tool('publint/src/cli.js', '--strict', addon)
  // Node 10 knows no subpaths.
  tool('@arethetypeswrong/cli/dist/index.js', main, '--profile', 'node16')
  console.log('installed: publint and attw find nothing')
}

function manifest() {
  return JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
}

function npm(...args) {
  return node([process.env.npm_execpath, ...args])
}

function tool(path, ...args) {
  node([here(`../../node_modules/${path}`), ...args])
}

/** Runs it, and shows what it printed only if it fails. */
function node(args) {
  try {
    return execFileSync(process.execPath, args, { cwd: project, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
  } catch (error) {
    console.error(error.stdout)
    throw new Error(`${args.join(' ')} failed`)
  }
}
