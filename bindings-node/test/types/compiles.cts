// What must compile in a CommonJS module.

import { ResourceServer } from 'mcp-bearer'
import { protect } from 'mcp-bearer/express'
import { requireScope } from 'mcp-bearer/fastify'
import fetch = require('mcp-bearer/fetch')
import { tokenVerifier } from 'mcp-bearer/mcp'
import testing = require('mcp-bearer/testing')
import errors = require('@modelcontextprotocol/sdk/server/auth/errors.js')

const server: ResourceServer = ResourceServer.fromEnv()
export = [
  protect(server), requireScope('a'), fetch.protect(server), tokenVerifier(server, errors),
  new testing.Issuer('https://as.example.com'),
]
