// node npm/pack.mjs OUT [--all]: packs what is published: `mcp-bearer`, and `mcp-bearer-PLATFORM` for each addon that
// is here; with --all, none may be missing. The names have no scope, since a scope is owned apart from a name.

import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

import { parseTriple } from '@napi-rs/cli'

const here = fileURLToPath(new URL('..', import.meta.url))
const [out, all] = [resolve(process.argv[2]), process.argv[3] === '--all']
// What only this folder needs stays here. It is private because `npm publish` in it would leave the addons out.
const { private: _, scripts, devDependencies, overrides, napi, ...manifest } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'))
const { name, version, description, license, repository, engines } = manifest
const platforms = napi.targets.map(parseTriple).map(({ platform, arch, abi, platformArchABI }) => ({
  name: `${name}-${platformArchABI}`,
  addon: `${napi.binaryName}.${platformArchABI}.node`,
  selectors: { os: [platform], cpu: [arch], libc: { gnu: ['glibc'], musl: ['musl'] }[abi] },
}))

rmSync(out, { recursive: true, force: true })
mkdirSync(out, { recursive: true })
packMain()
for (const platform of platforms) {
  if (existsSync(join(here, platform.addon))) packAddon(platform)
  else if (all) throw new Error(`${platform.addon} is missing`)
}

function packMain() {
  const [{ files }] = JSON.parse(npm(here, 'pack', '--dry-run', '--json', '--ignore-scripts'))
  const optionalDependencies = Object.fromEntries(platforms.map(platform => [platform.name, version]))
  pack({ ...manifest, optionalDependencies }, files.map(({ path }) => path))
}

function packAddon({ name, addon, selectors }) {
  const readme = `The addon ${addon} of [mcp-bearer](https://www.npmjs.com/package/mcp-bearer). Install that, not this.\n`
  pack({ name, version, description, license, repository, engines, ...selectors, main: addon, files: [addon, 'LICENSE-*'] }, [addon], readme)
}

function pack(manifest, files, readme) {
  const folder = mkdtempSync(join(tmpdir(), 'mcp-bearer-'))
  try {
    for (const file of files) cpSync(join(here, file), join(folder, file))
    for (const file of ['LICENSE-APACHE', 'LICENSE-MIT']) cpSync(join(here, '..', file), join(folder, file))
    if (readme !== undefined) writeFileSync(join(folder, 'README.md'), readme)
    writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
    console.log(`packed ${npm(folder, 'pack', '--silent', '--pack-destination', out).trim()}`)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function npm(cwd, ...args) {
  return execFileSync('npm', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}
