// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are the subject
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerConfig } from '../../contracts/config.ts';
import { parseConfig } from './parse-config.ts';

const env = { HOME: '/home/ann', GITHUB_TOKEN: 'ghp_fromEnvironment', API_KEY: 'k-from-environment' };

/** Transport with its secrets opened, for comparison. */
function open({ transport }: ServerConfig): unknown {
  const opened = (values: { readonly [name: string]: { open(): string } }) =>
    Object.fromEntries(Object.entries(values).map(([name, secret]) => [name, secret.open()]));
  if (transport.type === 'stdio' || transport.type === 'folder') return { ...transport, env: opened(transport.env) };
  return transport.type === 'in-process' ? transport : { ...transport, headers: opened(transport.headers) };
}

const stdio = (command: string, args: string[], more: object = {}) => ({
  type: 'stdio',
  command,
  args,
  env: {},
  cwd: undefined,
  ...more,
});

interface Paste {
  readonly from: string;
  readonly text: string;
  readonly servers: { readonly [name: string]: unknown };
  readonly off?: readonly string[];
  readonly warnings?: readonly string[];
}

const PASTES: readonly Paste[] = [
  {
    from: 'Claude Desktop',
    text: `{
      "mcpServers": {
        "filesystem": {
          "command": "npx",
          "args": ["-y", "@modelcontextprotocol/server-filesystem", "/Users/ann/Desktop"]
        },
        "brave-search": {
          "command": "npx",
          "args": ["-y", "@modelcontextprotocol/server-brave-search"],
          "env": { "BRAVE_API_KEY": "BSA123" }
        }
      }
    }`,
    servers: {
      filesystem: stdio('npx', ['-y', '@modelcontextprotocol/server-filesystem', '/Users/ann/Desktop']),
      'brave-search': stdio('npx', ['-y', '@modelcontextprotocol/server-brave-search'], {
        env: { BRAVE_API_KEY: 'BSA123' },
      }),
    },
  },
  {
    from: 'Cursor',
    text: `{
      "mcpServers": {
        "local": { "type": "stdio", "command": "python", "args": ["\${workspaceFolder}/tools/server.py"],
                   "env": { "API_KEY": "\${env:API_KEY}" } },
        "remote": { "url": "https://api.example.com/mcp", "headers": { "Authorization": "Bearer \${env:API_KEY}" } },
        "signed": { "url": "https://x.example/mcp", "auth": { "CLIENT_ID": "abc", "scopes": ["read"] } },
      }
    }`,
    servers: {
      local: stdio('python', ['/etc/gate/tools/server.py'], { env: { API_KEY: 'k-from-environment' } }),
      remote: {
        type: 'http',
        url: 'https://api.example.com/mcp',
        headers: { Authorization: 'Bearer k-from-environment' },
      },
      signed: { type: 'http', url: 'https://x.example/mcp', headers: {} },
    },
    warnings: ['mcpServers.signed.auth'],
  },
  {
    from: 'VS Code mcp.json',
    text: `{
      // from .vscode/mcp.json
      "inputs": [],
      "servers": {
        "github": { "type": "http", "url": "https://api.githubcopilot.com/mcp/", "gallery": true, "version": "1.0.0" },
        "playwright": { "command": "npx", "args": ["-y", "@playwright/mcp@latest"], "type": "stdio" },
        "dev": { "type": "stdio", "command": "node", "args": ["build/index.js"], "cwd": "\${workspaceFolder}/server",
                 "env": { "PORT": 3000, "NODE_OPTIONS": null }, "dev": { "watch": "build/**/*.js", "debug": { "type": "node" } } },
        "old": { "type": "sse", "url": "http://localhost:3001/sse", },
      },
    }`,
    servers: {
      github: { type: 'http', url: 'https://api.githubcopilot.com/mcp/', headers: {} },
      playwright: stdio('npx', ['-y', '@playwright/mcp@latest']),
      dev: stdio('node', ['build/index.js'], { cwd: '/etc/gate/server', env: { PORT: '3000' } }),
      old: { type: 'sse', url: 'http://localhost:3001/sse', headers: {} },
    },
    warnings: ['servers.github.gallery', 'servers.github.version', 'servers.dev.dev'],
  },
  {
    from: 'VS Code settings.json, beside our own',
    text: `{ "mcp": { "servers": { "a": { "command": "a" } } }, "mcpServers": { "b": { "command": "b" } } }`,
    servers: { b: stdio('b', []), a: stdio('a', []) },
  },
  {
    from: 'Claude Code .mcp.json',
    text: `{
      "mcpServers": {
        "api": { "type": "http", "url": "\${API_BASE_URL:-https://api.example.com}/mcp",
                 "headers": { "Authorization": "Bearer \${API_KEY}" }, "timeout": 600000 },
        "db": { "type": "stdio", "command": "npx", "args": ["-y", "@bytebase/dbhub", "--dsn", "\${DB:-sqlite::memory:}"], "env": {} },
        "stream": { "type": "streamable-http", "url": "https://s.example/mcp" }
      }
    }`,
    servers: {
      api: {
        type: 'http',
        url: 'https://api.example.com/mcp',
        headers: { Authorization: 'Bearer k-from-environment' },
      },
      db: stdio('npx', ['-y', '@bytebase/dbhub', '--dsn', 'sqlite::memory:']),
      stream: { type: 'http', url: 'https://s.example/mcp', headers: {} },
    },
    warnings: ['mcpServers.api.timeout'],
  },
  {
    from: 'Cline and Roo Code',
    text: `{
      "mcpServers": {
        "on": { "type": "streamableHttp", "url": "https://a.example/mcp", "disabled": false, "autoApprove": [], "timeout": 60 },
        "off": { "command": "node", "args": ["/a.js"], "env": { "T": "\${NOT_SET}" }, "alwaysAllow": ["read"], "disabled": true }
      }
    }`,
    servers: {
      on: { type: 'http', url: 'https://a.example/mcp', headers: {} },
      off: stdio('node', ['/a.js'], { env: { T: '' } }),
    },
    off: ['off'],
    warnings: ['mcpServers.on.timeout', 'mcpServers.off.env.T', 'mcpServers.off.alwaysAllow'],
  },
  {
    from: 'Windsurf, Gemini CLI and Copilot CLI',
    text: `{
      "mcpServers": {
        "wind": { "serverUrl": "https://w.example/mcp", "disabledTools": ["rm"] },
        "gem": { "httpUrl": "https://g.example/mcp", "trust": false, "includeTools": ["a"], "headers": { "X": "$API_KEY" } },
        "cop": { "type": "local", "command": "npx", "args": ["-y", "x"], "tools": ["*"] }
      }
    }`,
    servers: {
      wind: { type: 'http', url: 'https://w.example/mcp', headers: {} },
      gem: { type: 'http', url: 'https://g.example/mcp', headers: { X: '$API_KEY' } },
      cop: stdio('npx', ['-y', 'x']),
    },
    warnings: ['mcpServers.wind.disabledTools', 'mcpServers.gem.includeTools', 'mcpServers.gem.headers.X'],
  },
  {
    from: 'our own documentation',
    text: `{ "mcpServers": { "X": { "type": "in-process", "module": "demo" } } }`,
    servers: { X: { type: 'in-process', module: 'demo' } },
  },
];

for (const paste of PASTES)
  test(`what ${paste.from} writes is accepted as it stands`, () => {
    const result = parseConfig(paste.text, { file: '/etc/gate/portcullis.json', env });
    assert.ok(result.ok, JSON.stringify(result));
    const { servers } = result.config;
    assert.deepEqual(Object.fromEntries(servers.map((server) => [server.name, open(server)])), paste.servers);
    assert.deepEqual(
      servers.filter((server) => !server.enabled).map((server) => server.name),
      paste.off ?? [],
    );
    assert.deepEqual(
      result.warnings.map((warning) => warning.path),
      paste.warnings ?? [],
    );
  });
