// What must compile in a CommonJS module.

import { ResourceServer } from 'mcp-bearer'
import { protect } from 'mcp-bearer/express'
import fetch = require('mcp-bearer/fetch')
import testing = require('mcp-bearer/testing')

const server: ResourceServer = ResourceServer.fromEnv()
export = [protect(server), fetch.protect(server), new testing.Issuer('https://as.example.com')]
