/** How large packages are: what is downloaded, and what their installation leaves on disk. */

import { spawnSync } from 'node:child_process';
import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Lab, OURS } from '../../harness/lab.ts';
import { PEER_VERSIONS } from '../../peers/installed.ts';
import type { SizeRow } from './figures.ts';

const MB = 1_048_576;
const NPM_LIMIT_MS = 180_000;
const QUIET = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];

function npm(args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync('npm', args, { cwd, encoding: 'utf8', timeout: NPM_LIMIT_MS });
  if (status !== 0) throw new Error(`npm ${args[0]} failed: ${(stderr || String(error)).slice(0, 300)}`);
  return stdout;
}

/** Bytes of all files below, as they are long. */
function bytesBelow(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + lstatSync(join(parentPath, name)).size, 0);
}

/** Packs `what` (a folder, or a package of the registry by name and version), and installs it as a user would, into `folder`. */
function measureSize(name: string, what: string, folder: string, more: readonly string[]): SizeRow {
  const packed = npm(['pack', what, '--json', '--pack-destination', folder, ...QUIET], folder);
  const [pack] = JSON.parse(packed) as { readonly filename: string; readonly size: number }[];
  if (pack === undefined) throw new Error(`npm packs nothing of ${what}`);
  const installed = join(folder, 'installed');
  const args = ['install', '--prefix', installed, '--omit=dev', ...QUIET, ...more, join(folder, pack.filename)];
  npm(args, folder);
  const lock = npm(['ls', '--prefix', installed, '--all', '--parseable'], folder);
  const packages = lock.trim().split('\n').length - 1;
  return { name, packedMb: pack.size / MB, installedMb: bytesBelow(installed) / MB, packages };
}

/** Ours as it would be published, with and without the engine of scripts in Python, and the peers. */
export function measureSizes(lab: Lab): SizeRow[] {
  const [root = ''] = lab.options.roots;
  const rows = [
    measureSize(OURS, root, lab.folder(), ['--omit=optional']),
    measureSize(`${OURS} with the engine for Python`, root, lab.folder(), []),
  ];
  if (!lab.options.withPeers) return rows;
  return [
    ...rows,
    ...Object.entries(PEER_VERSIONS).map(([name, version]) =>
      measureSize(name, `${name}@${version}`, lab.folder(), []),
    ),
  ];
}
