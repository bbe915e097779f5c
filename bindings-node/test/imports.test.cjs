'use strict'

// `require` and `import` give the same names and the same classes, subpaths included.

const assert = require('node:assert/strict')
const test = require('node:test')

const names = ['express', 'fastify', 'fetch', 'mcp', 'testing'].map(name => `mcp-bearer/${name}`)
for (const path of ['mcp-bearer', ...names]) {
  test(`${path} by require and by import`, async () => {
    const required = require(path)
    const imported = await import(path)
    const names = Object.keys(imported).filter(name => name !== 'default' && name !== 'module.exports')
    assert.deepEqual(names.sort(), Object.keys(required).sort())
    for (const name of names) assert.equal(imported[name], required[name], name)
  })
}
