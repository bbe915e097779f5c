// Uses an installed tarball as an ES module, with nothing else installed.
import assert from 'node:assert/strict'
import { ConfigError, Requirement, ResourceServer } from 'mcp-bearer'
import { protect, requireScope } from 'mcp-bearer/express'
import * as gate from 'mcp-bearer/fetch'

const server = new ResourceServer({
  resource: 'https://mcp.example.com/mcp',
  issuers: ['https://as.example.com'],
  challengeScopes: ['todo:read'],
})
const decision = server.tryAuthorize({ method: 'GET', url: '/', rawHeaders: [] }, Requirement.scope('todo:read'))
assert.equal(decision.denial.status, 401)
assert.equal(
  new Map(decision.denial.headers).get('www-authenticate'),
  'Bearer scope="todo:read", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp"',
)
assert.throws(
  () => new ResourceServer({ resource: 'https://mcp.example.com/mcp#x', issuers: ['https://as.example.com'] }),
  (error) => error instanceof ConfigError && error.message.includes('resource'),
)
assert.equal(typeof protect(server), 'function')
assert.equal(typeof requireScope('todo:read'), 'function')
assert.ok(Object.keys(gate).length > 0)
