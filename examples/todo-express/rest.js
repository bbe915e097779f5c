// The REST routes: what each needs stands beside it.

import express, { Router } from 'express'
import { requireScope } from 'mcp-bearer/express'

import { ownerOf, todos } from './todos.js'

export const rest = Router()

rest.get('/me', ({ accessToken }, res) => {
  res.json({ sub: accessToken.subject, client_id: accessToken.clientId, scopes: accessToken.scopes })
})

rest.get('/todos', requireScope('todo:read'), (req, res) => {
  res.json({ todos: todos.list(ownerOf(req.auth)) })
})

rest.post('/todos', requireScope('todo:write'), express.json(), (req, res) => {
  const title = req.body?.title
  if (typeof title !== 'string') return res.status(400).json({ error: 'invalid_request' })
  res.json({ todo: todos.create(ownerOf(req.auth), title) })
})

rest.delete('/todos/:id', requireScope('todo:delete'), (req, res) => {
  if (!todos.delete(ownerOf(req.auth), req.params.id)) return res.status(404).json({ error: 'not_found' })
  res.json({ success: true })
})
