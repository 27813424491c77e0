/** The peers from the registry: which, in which version, and their installation into a folder of the harness's own. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Pinned, so that a figure means the same next year. */
export const PEER_VERSIONS = {
  ...{ 'mcp-proxy': '6.7.19', supergateway: '4.0.0', 'mcp-hub': '4.2.1' },
  '@portkey-ai/gateway': '1.15.2',
} as const;
export type PeerName = keyof typeof PEER_VERSIONS;

const FOLDER = join(import.meta.dirname, '../.cache/peers');
const INSTALL_LIMIT_MS = 240_000;

interface Manifest {
  readonly version: string;
  readonly bin: string | { readonly [name: string]: string };
}

function readManifest(name: PeerName): Manifest | undefined {
  const file = join(FOLDER, 'node_modules', name, 'package.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Manifest) : undefined;
}

/** The script that starts it. Call `installPeers` first. */
export function peerScript(name: PeerName): string {
  const bin = readManifest(name)?.bin;
  const file = typeof bin === 'string' ? bin : bin?.[name];
  if (file === undefined) throw new Error(`${name} is not installed`);
  return join(FOLDER, 'node_modules', name, file);
}

/** Installs what is missing. Returns why it could not, or undefined. No package's scripts are run. */
export function installPeers(): string | undefined {
  const missing = Object.entries(PEER_VERSIONS).filter(
    ([name, version]) => readManifest(name as PeerName)?.version !== version,
  );
  if (missing.length === 0) return undefined;
  const args = ['install', '--prefix', FOLDER, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = spawnSync('npm', [...args, ...missing.map(([name, version]) => `${name}@${version}`)], {
    encoding: 'utf8',
    timeout: INSTALL_LIMIT_MS,
  });
  return done.status === 0 ? undefined : `npm install failed: ${(done.stderr || String(done.error)).slice(0, 300)}`;
}
