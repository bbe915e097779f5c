'use strict'

// Uses the installed package from CommonJS.

const assert = require('node:assert/strict')
const { Requirement, ResourceServer } = require('mcp-bearer')
const { protect } = require('mcp-bearer/express')
const fastify = require('mcp-bearer/fastify')
const fetch = require('mcp-bearer/fetch')
const { tokenVerifier } = require('mcp-bearer/mcp')
const { Issuer } = require('mcp-bearer/testing')

const server = new ResourceServer({ resource: 'https://mcp.example.com', issuers: ['https://as.example.com'] })
const request = { method: 'GET', url: '/', rawHeaders: [] }
assert.equal(server.tryAuthorize(request, Requirement.scope('a')).denial.status, 401)
const issuer = new Issuer('https://as.example.com')
const rawHeaders = ['authorization', issuer.authorization({ audience: 'https://mcp.example.com', scope: 'a' })]
const trusting = issuer.server({ resource: 'https://mcp.example.com' })
assert.equal(trusting.tryAuthorize({ ...request, rawHeaders }, Requirement.scope('a')).allowed, true)
assert.equal(typeof protect(server), 'function')
assert.equal(typeof fastify.protect(server), 'function')
assert.equal(typeof fetch.protect(server), 'function')
assert.throws(() => tokenVerifier(server, {}), /tokenVerifier needs/)
console.log('installed: works in CommonJS')
