/** Where figures come from: without it they mean nothing. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { PEER_VERSIONS } from '../peers/installed.ts';
import { chooseBuild } from './gateway.ts';

export interface Provenance {
  readonly date: string;
  readonly commit: string;
  /** Files differ from the commit. */
  readonly isDirty: boolean;
  readonly machine: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  readonly undici: string;
  readonly sdks: string;
  readonly peers: string;
  readonly placement: string;
  readonly build: string;
  readonly form: string;
  /** One-minute load averages: how busy others kept the machine before we began, and at the end. */
  readonly loadBefore: number;
  readonly loadAfter: number;
}

function git(root: string, ...args: readonly string[]): string {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return '';
  }
}

function versionOf(root: string, name: string): string {
  const manifest = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(manifest) as { version: string }).version;
}

/** Call it first; what it returns completes the record at the end. */
export function beginProvenance(root: string, placement: string, form: string, isBuilt: boolean): () => Provenance {
  const loadBefore = loadavg()[0] ?? 0;
  const date = new Date().toISOString();
  // Now: what is committed while it runs is not what is measured.
  const commit = git(root, 'rev-parse', '--short', 'HEAD');
  const isDirty =
    git(root, 'status', '--porcelain', '--untracked-files=no', '--', 'src', 'bench', 'package-lock.json') !== '';
  return () => ({
    date,
    commit,
    isDirty,
    machine: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    undici: versionOf(root, 'undici'),
    sdks: `${versionOf(root, '@modelcontextprotocol/sdk')} and ${versionOf(root, '@modelcontextprotocol/server')}`,
    peers: Object.entries(PEER_VERSIONS)
      .map(([name, version]) => `${name} ${version}`)
      .join(', '),
    placement,
    build: chooseBuild(root, isBuilt).description,
    form,
    loadBefore,
    loadAfter: loadavg()[0] ?? 0,
  });
}
