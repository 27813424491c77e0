/** The MCP clients we can write configuration for: one entry each with its files, format and way to name a secret. */

import { join } from 'node:path';
import type { Environment } from '../../../platform/config/environment.ts';

/** The machine and folder the client runs in. */
export interface Place {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly cwd: string;
  readonly env: Environment;
}

export interface Connection {
  /** Name of the entry. */
  readonly name: string;
  /** The gateway's address, without `/mcp`. */
  readonly url: string;
  /** `url` plus `/mcp`, `/mcp/{server}` or `/mcp/t/{toolset}`. */
  readonly mcpUrl: string;
  /** The server of a per-server endpoint, for the bridge. */
  readonly server: string | undefined;
  readonly toolset: string | undefined;
  /** Written into the file; undefined: the file refers to the environment variable PORTCULLIS_KEY. */
  readonly key: string | undefined;
  /** How a client starts the stdio bridge. */
  readonly bridge: { readonly command: string; readonly args: readonly string[] };
}

export type Scope = 'user' | 'project';

export interface ClientEntry {
  /** Where the entry goes: member names in JSON, table name in TOML. */
  readonly path: readonly string[];
  readonly value: { readonly [name: string]: unknown };
  /** VS Code asks for the key itself, by this input. */
  readonly input?: { readonly [name: string]: unknown };
}

export interface ClientProfile {
  readonly id: string;
  readonly title: string;
  readonly format: 'json' | 'toml';
  /** Undefined where the client has no such file. */
  file(place: Place, scope: Scope): string | undefined;
  entry(connection: Connection): ClientEntry;
  /** The client's own command that does the same, if it has one. */
  command?(connection: Connection, scope: Scope): string;
  /** What to do afterwards. */
  readonly afterwards: string;
}

function configHome(place: Place): string {
  if (place.platform === 'darwin') return join(place.home, 'Library', 'Application Support');
  if (place.platform === 'win32') return place.env.APPDATA ?? join(place.home, 'AppData', 'Roaming');
  return place.env.XDG_CONFIG_HOME ?? join(place.home, '.config');
}

const bearer = (connection: Connection, reference: string): { readonly Authorization: string } => ({
  Authorization: `Bearer ${connection.key ?? reference}`,
});

/** A word as POSIX shells take it. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** An Authorization header as a shell word; a missing key is left to the shell's environment. */
function headerWord(connection: Connection): string {
  if (connection.key === undefined) return '"Authorization: Bearer $PORTCULLIS_KEY"';
  return `"Authorization: Bearer ${connection.key.replace(/["\\$`]/g, '\\$&')}"`;
}

export const CLIENTS: readonly ClientProfile[] = [
  {
    id: 'claude-code',
    title: 'Claude Code',
    format: 'json',
    file: (place, scope) =>
      scope === 'project'
        ? join(place.cwd, '.mcp.json')
        : join(place.env.CLAUDE_CONFIG_DIR ?? place.home, '.claude.json'),
    entry: (connection) => ({
      path: ['mcpServers', connection.name],
      value: {
        type: 'http',
        url: connection.mcpUrl,
        // biome-ignore lint/suspicious/noTemplateCurlyInString: the client expands it.
        headers: bearer(connection, '${PORTCULLIS_KEY}'),
      },
    }),
    command: (connection, scope) =>
      `claude mcp add --transport http --scope ${scope} ${shellWord(connection.name)} ${shellWord(connection.mcpUrl)} --header ${headerWord(connection)}`,
    afterwards: 'Start Claude Code anew; /mcp shows the connection.',
  },
  {
    id: 'claude-desktop',
    title: 'Claude Desktop',
    format: 'json',
    file: (place, scope) =>
      scope === 'project' ? undefined : join(configHome(place), 'Claude', 'claude_desktop_config.json'),
    entry: (connection) => ({
      path: ['mcpServers', connection.name],
      value: {
        command: connection.bridge.command,
        args: [
          ...connection.bridge.args,
          'stdio',
          '--url',
          connection.url,
          ...(connection.server === undefined ? [] : ['--server', connection.server]),
          ...(connection.toolset === undefined ? [] : ['--toolset', connection.toolset]),
        ],
        env: { PORTCULLIS_KEY: connection.key ?? 'put your key here' },
      },
    }),
    afterwards: 'Quit Claude Desktop completely and start it again.',
  },
  {
    id: 'codex',
    title: 'Codex',
    format: 'toml',
    file: (place, scope) =>
      join(
        scope === 'project' ? join(place.cwd, '.codex') : (place.env.CODEX_HOME ?? join(place.home, '.codex')),
        'config.toml',
      ),
    entry: (connection) => ({
      path: ['mcp_servers', connection.name],
      value: {
        url: connection.mcpUrl,
        ...(connection.key === undefined
          ? { bearer_token_env_var: 'PORTCULLIS_KEY' }
          : { http_headers: bearer(connection, '') }),
      },
    }),
    afterwards: 'Start Codex anew; /mcp shows the connection.',
  },
  {
    id: 'gemini',
    title: 'Gemini CLI',
    format: 'json',
    file: (place, scope) => join(scope === 'project' ? place.cwd : place.home, '.gemini', 'settings.json'),
    entry: (connection) => ({
      path: ['mcpServers', connection.name],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the client expands it.
      value: { httpUrl: connection.mcpUrl, headers: bearer(connection, '${PORTCULLIS_KEY}') },
    }),
    command: (connection, scope) =>
      `gemini mcp add --transport http --scope ${scope} --header ${headerWord(connection)} ${shellWord(connection.name)} ${shellWord(connection.mcpUrl)}`,
    afterwards: 'Start Gemini CLI anew; /mcp shows the connection.',
  },
  {
    id: 'cursor',
    title: 'Cursor',
    format: 'json',
    file: (place, scope) => join(scope === 'project' ? place.cwd : place.home, '.cursor', 'mcp.json'),
    entry: (connection) => ({
      path: ['mcpServers', connection.name],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the client expands it.
      value: { url: connection.mcpUrl, headers: bearer(connection, '${env:PORTCULLIS_KEY}') },
    }),
    afterwards: 'Restart Cursor; the server is listed in its MCP settings.',
  },
  {
    id: 'vscode',
    title: 'VS Code',
    format: 'json',
    file: (place, scope) =>
      scope === 'project'
        ? join(place.cwd, '.vscode', 'mcp.json')
        : join(configHome(place), 'Code', 'User', 'mcp.json'),
    entry: (connection) => ({
      path: ['servers', connection.name],
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the client expands it.
      value: { type: 'http', url: connection.mcpUrl, headers: bearer(connection, '${input:portcullis-key}') },
      ...(connection.key === undefined
        ? { input: { type: 'promptString', id: 'portcullis-key', description: 'Portcullis key', password: true } }
        : {}),
    }),
    afterwards: 'Run "MCP: List Servers" in VS Code and start it.',
  },
];
