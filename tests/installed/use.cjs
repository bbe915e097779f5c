// Uses an installed tarball as a CommonJS module.
const assert = require('node:assert/strict')
const { ResourceServer } = require('mcp-bearer')
const { protect } = require('mcp-bearer/express')
require('mcp-bearer/fetch')

const server = new ResourceServer({ resource: 'https://mcp.example.com', issuers: ['https://as.example.com'] })
assert.equal(server.metadata.url, 'https://mcp.example.com/.well-known/oauth-protected-resource')
assert.equal(typeof protect(server), 'function')
