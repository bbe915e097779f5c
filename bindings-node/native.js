'use strict'

// The addon for this platform: what was built in this folder, or else the package that holds it.

const { platform, arch } = process

/** The published addons. Each is required by its own name, so that tools that collect files find it. */
const packages = {
  'darwin-arm64': () => require('mcp-bearer-darwin-arm64'),
  'darwin-x64': () => require('mcp-bearer-darwin-x64'),
  'linux-arm64-gnu': () => require('mcp-bearer-linux-arm64-gnu'),
  'linux-arm64-musl': () => require('mcp-bearer-linux-arm64-musl'),
  'linux-x64-gnu': () => require('mcp-bearer-linux-x64-gnu'),
  'linux-x64-musl': () => require('mcp-bearer-linux-x64-musl'),
  'win32-arm64-msvc': () => require('mcp-bearer-win32-arm64-msvc'),
  'win32-x64-msvc': () => require('mcp-bearer-win32-x64-msvc'),
}

/** With the suffixes that `napi build --platform` gives. On Linux the system's libc tells which loads. */
const suffixes = { linux: ['-gnu', '-musl'], win32: ['-msvc'] }[platform] ?? ['']
const names = suffixes.map(suffix => `${platform}-${arch}${suffix}`)

function load() {
  const failures = []
  for (const name of names) {
    for (const attempt of [() => require(`./mcp-bearer.${name}.node`), packages[name]]) {
      if (attempt === undefined) continue
      try {
        return attempt()
      } catch (error) {
        failures.push(error)
      }
    }
  }
  throw explain(failures.find(({ code }) => code !== 'MODULE_NOT_FOUND'))
}

/** What is there and does not load says more than what is not there. */
function explain(cause) {
  const start = `mcp-bearer has no addon for ${platform}-${arch}`
  if (cause !== undefined) return new Error(`${start} that loads: ${cause.message}`, { cause })
  const known = names.filter(name => name in packages).map(name => `mcp-bearer-${name}`)
  if (known.length === 0) return new Error(`${start}. There are addons for ${Object.keys(packages).join(', ')}.`)
  const { version } = require('./package.json')
  return new Error(`${start}: install ${known.join(' or ')} ${version}, which npm leaves out where optional `
    + 'dependencies are omitted or where node_modules was installed on another platform.')
}

module.exports = load()
