import express from 'express';
import cors from 'cors';
import { ResourceServer } from 'mcp-bearer';
import { protect, requireScope } from 'mcp-bearer/express';
import { createTodo, deleteTodo, getTodos } from './todos.js';

const MCP_SERVER_URL = process.env.MCP_SERVER_URL;

const app = express();

app.use(cors({
  origin: '*', // Or specify allowed origins
  methods: ['GET', 'POST', 'PUT', 'DELETE'],
  allowedHeaders: ['Content-Type', 'Authorization', 'MCP-Protocol-Version', 'Mcp-Method', 'Mcp-Name', 'Mcp-Session-Id', 'Last-Event-ID'],
  exposedHeaders: ['WWW-Authenticate', 'Retry-After', 'Mcp-Session-Id']
}));

app.use(protect(ResourceServer.fromEnv({
  scopesSupported: ["todo:read", "todo:write", "todo:delete"],
  challengeScopes: ["todo:read"],
  metadata: { "resource_documentation": `${MCP_SERVER_URL}/docs` }
})));
app.use(express.json());

// Protect endpoints with scopes
app.get('/todos', requireScope('todo:read'), async (req, res) => {
  const todos = await getTodos(req.accessToken.subject);
  res.json({ todos });
});

app.post('/todos', requireScope('todo:write'), async (req, res) => {
  const todo = await createTodo(req.accessToken.subject, req.body);
  res.json({ todo });
});

app.delete('/todos/:id', requireScope('todo:delete'), async (req, res) => {
  await deleteTodo(req.accessToken.subject, req.params.id);
  res.json({ success: true });
});

app.listen(process.env.PORT, '127.0.0.1');
