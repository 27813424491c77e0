/** Which servers from the registry stand behind the gateway in these tests: pinned, and how each starts without a network. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type StdioEntry, stdioEntry } from '../support/real-servers.ts';

const FOLDER = join(import.meta.dirname, '../../.cache/real-servers');
const INSTALL_LIMIT_MS = 300_000;

interface RealServer {
  readonly package: string;
  readonly version: string;
  /** The script to start, inside the package. */
  readonly script: string;
  readonly args?: readonly string[];
  /** Credentials are made up: nothing is ever sent anywhere, since only lists and local calls are asked for. */
  readonly env?: { readonly [name: string]: string };
}

/** By server id. Each was seen to start and list in an empty network namespace. */
const SERVERS: { readonly [serverId: string]: RealServer } = {
  thinking: {
    package: '@modelcontextprotocol/server-sequential-thinking',
    version: '2026.8.31',
    script: 'dist/index.js',
  },
  playwright: { package: '@playwright/mcp', version: '0.0.83', script: 'cli.js', args: ['--headless', '--isolated'] },
  chrome_devtools: {
    package: 'chrome-devtools-mcp',
    version: '1.11.0',
    script: 'build/src/bin/chrome-devtools-mcp.js',
    args: ['--headless', '--isolated', '--no-usage-statistics'],
  },
  notion: {
    package: '@notionhq/notion-mcp-server',
    version: '2.5.2',
    script: 'bin/cli.mjs',
    env: { NOTION_TOKEN: 'ntn_made_up' },
  },
  github: {
    package: '@modelcontextprotocol/server-github',
    version: '2025.4.8',
    script: 'dist/index.js',
    env: { GITHUB_PERSONAL_ACCESS_TOKEN: 'made_up' },
  },
  mongodb: {
    package: 'mongodb-mcp-server',
    version: '3.0.4',
    script: 'dist/esm/index.js',
    args: ['--telemetry', 'disabled'],
  },
  context7: { package: '@upstash/context7-mcp', version: '4.1.1', script: 'dist/index.js' },
  git: { package: '@cyanheads/git-mcp-server', version: '2.15.3', script: 'dist/index.js' },
  airtable: {
    package: 'airtable-mcp-server',
    version: '1.14.0',
    script: 'dist/main.js',
    env: { AIRTABLE_API_KEY: 'made_up' },
  },
  chart: { package: '@antv/mcp-server-chart', version: '0.9.10', script: 'build/index.js' },
  tavily: { package: 'tavily-mcp', version: '0.2.22', script: 'build/index.js', env: { TAVILY_API_KEY: 'made_up' } },
  slack: {
    package: '@modelcontextprotocol/server-slack',
    version: '2025.4.25',
    script: 'dist/index.js',
    env: { SLACK_BOT_TOKEN: 'made_up', SLACK_TEAM_ID: 'made_up' },
  },
};

const packageFile = (name: string, file: string): string => join(FOLDER, 'node_modules', name, file);

function isInstalled(server: RealServer): boolean {
  const manifest = packageFile(server.package, 'package.json');
  return (
    existsSync(manifest) &&
    (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version === server.version
  );
}

/** Installs what is missing into a folder of its own; no package's scripts are run. Throws when npm cannot. */
export function installRealServers(): void {
  const servers = Object.values(SERVERS);
  if (servers.every(isInstalled)) return;
  const args = ['install', '--prefix', FOLDER, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = spawnSync('npm', [...args, ...servers.map((s) => `${s.package}@${s.version}`)], {
    encoding: 'utf8',
    timeout: INSTALL_LIMIT_MS,
  });
  if (done.status !== 0)
    throw new Error(`npm could not install the servers: ${(done.stderr || String(done.error)).slice(0, 500)}`);
}

/**
 * The same server without a network: in an empty namespace of its own, where this system lets ordinary users make one, as
 * Linux mostly does. Elsewhere it is started as it is; it still has no credentials that anybody would take.
 */
export function withoutNetwork(): (entry: StdioEntry) => StdioEntry {
  const prefix = ['-rn', '--'];
  if (spawnSync('unshare', [...prefix, 'true'], { timeout: 10_000 }).status !== 0) return (entry) => entry;
  return ({ command, args, ...rest }) => ({ command: 'unshare', args: [...prefix, command, ...args], ...rest });
}

/** They as `mcpServers` entries, each at home in `home`. Install them first. */
export function realServerEntries(home: string): { readonly [serverId: string]: StdioEntry } {
  return Object.fromEntries(
    Object.entries(SERVERS).map(([id, server]) => [
      id,
      stdioEntry(packageFile(server.package, server.script), server.args, { HOME: home, ...server.env }),
    ]),
  );
}
