// The MCP server: three tools, and the policy that says what each needs.
//
// The policy is attached to the endpoint and judges the JSON-RPC message itself, so that a refused
// call is an HTTP 403 before any tool runs. A tool that the policy does not name is refused.

import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { OperationPolicy } from 'mcp-bearer'
import { z } from 'zod'

import { ownerOf, todos } from './todos.js'

export const policy = new OperationPolicy({
  tools: { list_todos: 'todo:read', create_todo: 'todo:write', delete_todo: 'todo:delete' },
})

// Stateless: every request carries its token, and nothing else says who is calling. A page that
// reaches this server by a rebound host name has no token, so that any host name will do.
export const mcp = toNodeHandler(createMcpHandler(todoServer))

const Todo = z.object({ id: z.string(), title: z.string() })

function todoServer() {
  const server = new McpServer({ name: 'todo-express', version: '0.1.0' })

  server.registerTool(
    'list_todos',
    { description: 'List your todos', outputSchema: z.array(Todo) },
    ctx => answer(todos.list(caller(ctx)))
  )

  server.registerTool(
    'create_todo',
    { description: 'Create a todo', inputSchema: z.object({ title: z.string() }), outputSchema: Todo },
    ({ title }, ctx) => answer(todos.create(caller(ctx), title))
  )

  server.registerTool(
    'delete_todo',
    {
      description: 'Delete a todo',
      inputSchema: z.object({ id: z.string() }),
      outputSchema: z.object({ success: z.boolean() }),
    },
    ({ id }, ctx) => {
      if (!todos.delete(caller(ctx), id)) throw new Error('no such todo')
      return answer({ success: true })
    }
  )

  return server
}

/** Whose call it is: the guard has left the caller where the SDK looks for it. */
function caller(ctx) {
  return ownerOf(ctx.http.authInfo)
}

/** The same for models, as text, and for programs. */
function answer(value) {
  return { content: [{ type: 'text', text: JSON.stringify(value) }], structuredContent: value }
}
