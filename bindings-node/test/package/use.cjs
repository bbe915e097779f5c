'use strict'

// Uses the installed package from CommonJS.

const assert = require('node:assert/strict')
const { Requirement, ResourceServer } = require('mcp-bearer')
const { protect } = require('mcp-bearer/express')
const fastify = require('mcp-bearer/fastify')
const fetch = require('mcp-bearer/fetch')
const { tokenVerifier } = require('mcp-bearer/mcp')

const server = new ResourceServer({ resource: 'https://mcp.example.com', issuers: ['https://as.example.com'] })
const request = { method: 'GET', url: '/', rawHeaders: [] }
assert.equal(server.tryAuthorize(request, Requirement.scope('a')).denial.status, 401)
assert.equal(typeof protect(server), 'function')
assert.equal(typeof fastify.protect(server), 'function')
assert.equal(typeof fetch.protect(server), 'function')
assert.throws(() => tokenVerifier(server, {}), /tokenVerifier needs/)
console.log('installed: works in CommonJS')
