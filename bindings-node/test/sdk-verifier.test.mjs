// The bearer middleware of the official MCP SDKs with our check inside, beside our gate in front.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import test from 'node:test'

import { requireBearerAuth as requireBearerAuth2 } from '@modelcontextprotocol/express'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { requireBearerAuth as requireBearerAuth1 } from '@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js'
import * as errors1 from '@modelcontextprotocol/sdk/server/auth/errors.js'
import { McpServer, OAuthError, createMcpHandler, requireBearerAuth as fetchBearerAuth, requireScopes } from '@modelcontextprotocol/server'
import express from 'express'

import { Issuers, ResourceServer } from 'mcp-bearer'
import { protect, requireScope } from 'mcp-bearer/express'
import { tokenVerifier } from 'mcp-bearer/mcp'
import { ISSUER, RESOURCE, JSON_TYPE, call, newIssuer, newServer, send, serve } from './kit.mjs'

const require = createRequire(import.meta.url)
const errors1cjs = require('@modelcontextprotocol/sdk/server/auth/errors.js')
const { requireBearerAuth: requireBearerAuth1cjs } = require('@modelcontextprotocol/sdk/server/auth/middleware/bearerAuth.js')
const express2cjs = require('@modelcontextprotocol/express')
const server2cjs = require('@modelcontextprotocol/server')

const as = newIssuer()
const METADATA_URL = newServer(as).metadata.url
const INVALID = 'The access token is invalid or has expired.'

/** Their middleware, each as a server that needs `todo:read` and shows whom it has let in. */
const theirs = {
  'SDK v1': server => viaExpress(requireBearerAuth1, tokenVerifier(server, errors1)),
  'SDK v1, CommonJS': server => viaExpress(requireBearerAuth1cjs, tokenVerifier(server, errors1cjs)),
  'SDK v2, Express': server => viaExpress(requireBearerAuth2, tokenVerifier(server, { OAuthError })),
  'SDK v2, Express, CommonJS': server => viaExpress(express2cjs.requireBearerAuth, tokenVerifier(server, server2cjs)),
  'SDK v2, fetch': server => {
    const gate = fetchBearerAuth(options(tokenVerifier(server, { OAuthError })))
    return toNodeHandler({
      fetch: async request => {
        const answer = await gate(request)
        return answer instanceof Response ? answer : Response.json(answer)
      },
    })
  },
}

function options(verifier) {
  return { verifier, requiredScopes: ['todo:read'], resourceMetadataUrl: METADATA_URL, expectedResource: new URL(RESOURCE) }
}

function viaExpress(requireBearerAuth, verifier) {
  const app = express()
  app.use(requireBearerAuth(options(verifier)), (req, res) => res.json(req.auth))
  return app
}

function withoutKeys() {
  const fetch = async () => {
    throw new TypeError('fetch failed')
  }
  const issuers = new Issuers([{ issuer: ISSUER, jwksUri: `${ISSUER}/keys` }], { fetch })
  return new ResourceServer({ resource: RESOURCE, issuers })
}

for (const [name, appOf] of Object.entries(theirs)) {
  test(`${name}: a good token is let in, as the SDKs describe a caller`, async t => {
    const url = await serve(t, appOf(newServer(as)))
    const { status, text } = await send(url, { headers: ['Authorization', as.bearer({ scope: 'todo:read x' })] })
    assert.equal(status, 200)
    const info = JSON.parse(text)
    assert.deepEqual([info.clientId, info.scopes, info.resource, info.extra.claims.sub], ['app', ['todo:read', 'x'], RESOURCE, 'alice'])
  })

  test(`${name}: a bad token is the SDK's 401, with a constant text`, async t => {
    const url = await serve(t, appOf(newServer(as)))
    const bad = [as.bearer({ exp: 1 }), as.bearer({ aud: 'https://other.example.com' }), newIssuer().bearer(), 'Bearer junk', 'Bearer "x"\\']
    for (const value of bad) {
      const { status, headers, text } = await send(url, { headers: ['Authorization', value] })
      assert.equal(status, 401)
      const challenge = `Bearer error="invalid_token", error_description="${INVALID}", scope="todo:read", resource_metadata="${METADATA_URL}"`
      assert.equal(headers['www-authenticate'], challenge)
      assert.deepEqual(JSON.parse(text), { error: 'invalid_token', error_description: INVALID })
    }
  })

  test(`${name}: nothing that a client sends is a 500`, async t => {
    const url = await serve(t, appOf(newServer(as)))
    const good = as.bearer({ scope: 'todo:read' })
    const odd = ['Bearer', 'Bearer ', 'Bearer  x', 'Bearer ,', 'Bearer a,b', 'Bearer \u00e9', 'Basic x', `Bearer x, ${good}`, `Bearer ${'x'.repeat(12_000)}`]
    for (const value of odd) {
      assert.equal((await send(url, { headers: ['Authorization', value] })).status, 401, value)
    }
  })

  test(`${name}: a token that is bound to a key is refused, since its proof cannot be seen`, async t => {
    const url = await serve(t, appOf(newServer(as)))
    const bound = as.bearer({ scope: 'todo:read', cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } })
    assert.equal((await send(url, { headers: ['Authorization', bound] })).status, 401)
  })

  test(`${name}: without keys the client keeps its token`, async t => {
    const url = await serve(t, appOf(withoutKeys()))
    const { status, headers, text } = await send(url, { headers: ['Authorization', as.bearer({ scope: 'todo:read' })] })
    assert.equal(status, 500)
    assert.equal(headers['www-authenticate'], undefined)
    assert.deepEqual(JSON.parse(text), { error: 'server_error', error_description: 'Access tokens cannot be checked at the moment.' })
  })
}

/** Our gate in front of an app of its own. */
function ours(server) {
  const app = express()
  app.use(protect(server))
  app.get('/', requireScope('todo:read'), (req, res) => res.json(req.auth))
  return app
}

const METADATA = `resource_metadata="${METADATA_URL}"`

test('our gate says what theirs cannot', async t => {
  const url = await serve(t, ours(newServer(as, { challengeScopes: ['todo:read'] })))
  const good = ['Authorization', as.bearer({ scope: 'todo:read' })]
  assert.equal((await send(url)).headers['www-authenticate'], `Bearer scope="todo:read", ${METADATA}`)
  assert.equal((await send(url, { headers: [...good, ...good] })).status, 400)
  const late = as.bearer({ scope: 'todo:read', exp: Math.floor(Date.now() / 1000) - 10 })
  assert.equal((await send(url, { headers: ['Authorization', late] })).status, 200)
  const unavailable = await send(await serve(t, ours(withoutKeys())), { headers: good })
  assert.deepEqual([unavailable.status, Number(unavailable.headers['retry-after']) >= 1], [503, true])
})

for (const [name, appOf] of Object.entries(theirs)) {
  test(`${name}: what is the SDK's own`, async t => {
    const url = await serve(t, appOf(newServer(as)))
    const good = ['Authorization', as.bearer({ scope: 'todo:read' })]
    const theirChallenge = (error, text) => `Bearer error="${error}", error_description="${text}", scope="todo:read", ${METADATA}`
    const missing = await send(url)
    assert.equal(missing.status, 401)
    assert.equal(missing.headers['www-authenticate'], theirChallenge('invalid_token', 'Missing Authorization header'))
    const lacking = await send(url, { headers: ['Authorization', as.bearer({ scope: 'x' })] })
    assert.equal(lacking.status, 403)
    assert.equal(lacking.headers['www-authenticate'], theirChallenge('insufficient_scope', 'Insufficient scope'))
    // It allows for no difference between clocks, and looks at the first of two credentials alone.
    const late = await send(url, { headers: ['Authorization', as.bearer({ scope: 'todo:read', exp: Math.floor(Date.now() / 1000) - 10 })] })
    assert.equal(late.headers['www-authenticate'], theirChallenge('invalid_token', 'Token has expired'))
    assert.equal((await send(url, { headers: [...good, ...good] })).status, 200)
  })
}

test('SDK v2: the scopes of its tools are compared with those of the token', async t => {
  const mcp = createMcpHandler(() => {
    const server = new McpServer({ name: 'test', version: '1' })
    server.registerTool('read', { scopeChallenge: requireScopes('todo:read') }, () => ({ content: [] }))
    server.registerTool('delete', { scopeChallenge: requireScopes('todo:delete') }, () => ({ content: [] }))
    server.registerTool('forgotten', {}, () => ({ content: [] }))
    return server
  })
  const gate = fetchBearerAuth({ verifier: tokenVerifier(newServer(as), { OAuthError }) })
  const fetch = async request => {
    const authInfo = await gate(request)
    return authInfo instanceof Response ? authInfo : mcp.fetch(request, { authInfo })
  }
  const url = await serve(t, toNodeHandler({ fetch }))
  const headers = [...JSON_TYPE, 'Accept', 'application/json, text/event-stream', 'Authorization', as.bearer({ scope: 'todo:read' })]
  const post = name => send(url, { method: 'POST', headers, body: call(name) })
  assert.equal((await post('read')).status, 200)
  const refused = await post('delete')
  assert.equal(refused.status, 403)
  assert.equal(refused.headers['www-authenticate'], `Bearer error="insufficient_scope", error_description="Insufficient scope", scope="todo:delete", ${METADATA}`)
  assert.equal((await post('forgotten')).status, 200)
})

test('errors that no SDK would know are a clear setup error', () => {
  for (const errors of [undefined, {}, { InvalidTokenError: errors1.InvalidTokenError }, { OAuthError: errors1.OAuthError }]) {
    assert.throws(() => tokenVerifier(newServer(as), errors), /tokenVerifier needs/)
  }
})
