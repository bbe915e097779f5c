// What `KEEP=1` prints: how to point other MCP clients at the running Todo servers.

export function explainHowToConnect(servers) {
  const [{ name, url }] = servers;
  console.log(`
Everything is still running; end it with Ctrl-C.

${servers.map((server) => `  ${server.name.padEnd(14)} ${server.url}`).join('\n')}

The authorization server asks nobody: a client's "sign in" comes straight back. A new token carries
todo:read; create_todo and delete_todo answer 403 until the client asks for more.

MCP Inspector
  npx @modelcontextprotocol/inspector
  Transport "Streamable HTTP", URL ${url}, then Connect.

Claude Code
  claude mcp add --transport http ${name} ${url}
  then /mcp, ${name}, Authenticate.

Claude Desktop (its own connectors cannot reach 127.0.0.1), in claude_desktop_config.json:
  { "mcpServers": { "${name}": { "command": "npx", "args": ["-y", "mcp-remote", "${url}"] } } }

Cursor, in .cursor/mcp.json:
  { "mcpServers": { "${name}": { "url": "${url}" } } }

VS Code, in .vscode/mcp.json:
  { "servers": { "${name}": { "type": "http", "url": "${url}" } } }
`);
}
