import express from 'express';
import cors from 'cors';
import { Scalekit } from '@scalekit-sdk/node';
import { createTodo, deleteTodo, getTodos } from './todos.js';

const scalekit = new Scalekit(
  process.env.SCALEKIT_ENVIRONMENT_URL,
  process.env.SCALEKIT_CLIENT_ID,
  process.env.SCALEKIT_CLIENT_SECRET
);

const RESOURCE_ID = process.env.RESOURCE_ID;
const MCP_SERVER_URL = process.env.MCP_SERVER_URL;

const app = express();

app.get('/.well-known/oauth-protected-resource', (req, res) => {
  res.json({
    "resource": MCP_SERVER_URL,
    "authorization_servers": [
      `${process.env.SCALEKIT_ENVIRONMENT_URL}/resources/${RESOURCE_ID}`
    ],
    "bearer_methods_supported": ["header"],
    "resource_documentation": `${MCP_SERVER_URL}/docs`,
    "scopes_supported": ["todo:read", "todo:write", "todo:delete"]
  });
});

async function authMiddleware(req, res, next) {
  try {
    // Skip auth for discovery endpoint
    if (req.path.includes('.well-known')) {
      return next();
    }

    // Extract Bearer token
    const authHeader = req.headers['authorization'];
    const token = authHeader?.startsWith('Bearer ')
      ? authHeader.split('Bearer ')[1]?.trim()
      : null;

    if (!token) {
      return res.status(401)
        .set('WWW-Authenticate',
          `Bearer realm="OAuth", resource_metadata="${MCP_SERVER_URL}/.well-known/oauth-protected-resource"`)
        .json({ error: 'Missing or invalid Bearer token' });
    }

    // Validate token with Scalekit
    const claims = await scalekit.validateToken(token, {
      issuer: process.env.SCALEKIT_ENVIRONMENT_URL,
      audience: [RESOURCE_ID]
    });

    // Attach user info to request
    req.user = claims;
    req.scopes = claims.scope?.split(' ') || [];

    next();
  } catch (error) {
    console.error('Auth middleware error:', error);
    return res.status(401)
      .set('WWW-Authenticate',
        `Bearer realm="OAuth", error="invalid_token", resource_metadata="${MCP_SERVER_URL}/.well-known/oauth-protected-resource"`)
      .json({ error: 'Invalid or expired token' });
  }
}

// Apply to all routes except discovery
app.use('/', authMiddleware);
app.use(express.json());

function requireScope(scope) {
  return (req, res, next) => {
    if (!req.scopes || !req.scopes.includes(scope)) {
      return res.status(403).json({
        error: 'insufficient_scope',
        error_description: `Required scope: ${scope}`,
        scope: scope
      });
    }
    next();
  };
}

// Protect endpoints with scopes
app.get('/todos', requireScope('todo:read'), async (req, res) => {
  const todos = await getTodos(req.user.sub);
  res.json({ todos });
});

app.post('/todos', requireScope('todo:write'), async (req, res) => {
  const todo = await createTodo(req.user.sub, req.body);
  res.json({ todo });
});

app.delete('/todos/:id', requireScope('todo:delete'), async (req, res) => {
  await deleteTodo(req.user.sub, req.params.id);
  res.json({ success: true });
});

app.use(cors({
  origin: '*', // Or specify allowed origins
  credentials: true,
  methods: ['GET', 'POST', 'PUT', 'DELETE'],
  allowedHeaders: ['Content-Type', 'Authorization']
}));

app.listen(process.env.PORT, '127.0.0.1');
