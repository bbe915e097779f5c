'use strict'

// The addon for this platform.

/** With the suffixes that `napi build --platform` gives. On Linux the system's libc tells which loads. */
function load() {
  const { platform, arch } = process
  if (platform === 'win32') return require(`./mcp-bearer.win32-${arch}-msvc.node`)
  if (platform !== 'linux') return require(`./mcp-bearer.${platform}-${arch}.node`)
  try {
    return require(`./mcp-bearer.linux-${arch}-gnu.node`)
  } catch (error) {
    try {
      return require(`./mcp-bearer.linux-${arch}-musl.node`)
    } catch {
      throw error
    }
  }
}

module.exports = load()
