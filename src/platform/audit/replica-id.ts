/** The name of a data directory among the replicas that share a database: whose journals are whose. */

import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Reads it, or makes one for good. It is random, so that replicas need nothing said about them. */
export function openReplicaId(dataDir: string): string {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const path = join(dataDir, 'replica-id');
  for (let attempt = 0; ; attempt++) {
    const known = readReplicaId(path);
    if (known !== undefined) return known;
    if (attempt === 3) throw new Error(`${path} holds no id of a replica; restore or remove it`);
    // Appears whole or not at all, and only the first of several processes makes it.
    const draft = `${path}-${randomBytes(4).toString('hex')}`;
    writeFileSync(draft, `${randomBytes(8).toString('hex')}\n`, { mode: 0o600 });
    try {
      linkSync(draft, path);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    } finally {
      rmSync(draft, { force: true });
    }
  }
}

function readReplicaId(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^[0-9a-f]{16}$/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}
