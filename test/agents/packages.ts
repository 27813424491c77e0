/** Which coding agents are run: pinned releases from the registry, in a folder of their own. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../.cache/agents');
const INSTALL_LIMIT_MS = 300_000;

/** By package name. */
const VERSIONS = {
  '@anthropic-ai/claude-code': '2.1.330',
  '@google/gemini-cli': '0.61.0',
  '@openai/codex': '0.169.0',
  '@qwen-code/qwen-code': '0.24.4',
  'opencode-ai': '1.18.33',
} as const;

export type AgentPackage = keyof typeof VERSIONS;

export const versionOf = (name: AgentPackage): string => VERSIONS[name];

/** A file inside an installed package, of these or of those that they bring along. */
export const packageFile = (name: string, file: string): string => join(FOLDER, 'node_modules', name, file);

function isInstalled([name, version]: readonly [string, string]): boolean {
  const manifest = packageFile(name, 'package.json');
  return (
    existsSync(manifest) && (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version === version
  );
}

/** Installs what is missing; no package's scripts are run. Throws when npm cannot. */
export function installAgents(): void {
  const wanted = Object.entries(VERSIONS);
  if (wanted.every(isInstalled)) return;
  const args = ['install', '--prefix', FOLDER, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const done = spawnSync('npm', [...args, ...wanted.map(([name, version]) => `${name}@${version}`)], {
    encoding: 'utf8',
    timeout: INSTALL_LIMIT_MS,
  });
  if (done.status !== 0)
    throw new Error(`npm could not install the agents: ${(done.stderr || String(done.error)).slice(0, 500)}`);
}
