// One route on Express, in the variants that are compared.
//
//   VARIANT=ours PORT=3000 ISSUER=issuer.json KEYS=http://127.0.0.1:4000 node server.js
//
// ISSUER says who issues the tokens and for whom, and has the key set; KEYS serves the same set to those
// who fetch it.

import { readFileSync } from 'node:fs'

import express from 'express'
import { OperationPolicy, ResourceServer } from 'mcp-bearer'
import { operations, protect, requireScope } from 'mcp-bearer/express'

import { peers } from './peers.js'

const { ISSUER, KEYS, PORT, VARIANT } = process.env
const { issuer, audience, jwks } = JSON.parse(readFileSync(ISSUER, 'utf8'))

const server = new ResourceServer({ resource: audience, issuers: [{ issuer, jwks }] })
const policy = new OperationPolicy({
  tools: { list_todos: 'todo:read', create_todo: 'todo:write', delete_todo: 'todo:delete' },
})

// What is in front of all routes, and in front of the one.
const variants = {
  'no-op': [(req, res, next) => next()],
  ours: [protect(server)],
  'ours-scope': [protect(server), requireScope('todo:read')],
}
const [all, ...one] = variants[VARIANT] ?? [await peers[VARIANT]({ issuer, audience, jwks, keys: KEYS })]

const app = express()
app.use(all)
app.get('/todos', ...one, (req, res) => {
  res.json({ todos: [{ id: '1', title: 'Buy milk' }] })
})
app.post('/open', express.json(), call)
app.post('/policed', operations(policy), express.json(), call)
app.post('/parsed', express.json(), operations(policy), call)
app.post('/read', readAndHandBack, express.json(), call)
app.listen(PORT, '127.0.0.1')

/** An MCP endpoint that does nothing but read the call. */
function call(req, res) {
  res.json({ jsonrpc: '2.0', id: req.body.id, result: { content: [] } })
}

/** What it takes in Express to see a body before the one that parses it. */
function readAndHandBack(req, res, next) {
  const chunks = []
  req.on('readable', function read() {
    for (let chunk; (chunk = req.read()) !== null; ) chunks.push(chunk)
    if (!req.complete) return
    req.removeListener('readable', read)
    req.unshift(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks))
    next()
  })
}
