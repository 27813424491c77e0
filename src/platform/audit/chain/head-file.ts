/** The head of the chain, kept beside the database: who can write the database only cannot cut its newest part off unseen. */

import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KnownHead } from './verify-chain.ts';

const pathOf = (dataDir: string): string => join(dataDir, 'trail.head');

export function writeHead(dataDir: string, { seq, link }: KnownHead): void {
  const path = pathOf(dataDir);
  writeFileSync(`${path}.tmp`, `${JSON.stringify({ seq, link })}\n`, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
}

/** Another database has taken its place. */
export function forgetHead(dataDir: string): void {
  rmSync(pathOf(dataDir), { force: true });
}

/** Undefined: there is none. Throws an Error for people if what is there is none. */
export function readHead(dataDir: string): KnownHead | undefined {
  const path = pathOf(dataDir);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const head = parse(text);
  if (head === undefined) throw new Error(`${path} does not hold the head of the trail`);
  return head;
}

function parse(text: string): KnownHead | undefined {
  try {
    const { seq, link } = JSON.parse(text) as { seq?: unknown; link?: unknown };
    return Number.isSafeInteger(seq) && typeof link === 'string' ? { seq: Number(seq), link } : undefined;
  } catch {
    return undefined;
  }
}
