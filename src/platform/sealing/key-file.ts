/** The sealing key in the data directory: made on the first start, readable by its owner only. */

import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SealKey, SealKeys } from '../../contracts/sealing.ts';

const KEY_BYTES = 32;

/** Reads `<dataDir>/seal.key`, or makes it (mode 0600). Throws an Error for people if what is there is no key. */
export function openSealKeyFile(dataDir: string): SealKeys {
  const path = join(dataDir, 'seal.key');
  try {
    writeFileSync(path, `${randomBytes(KEY_BYTES).toString('base64url')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  chmodSync(path, 0o600);
  const bytes = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64url');
  if (bytes.length !== KEY_BYTES)
    throw new Error(`${path} holds no sealing key; remove it to have another made (questions that are open then fail)`);
  const current: SealKey = { id: createHash('sha256').update(bytes).digest('base64url').slice(0, 8), bytes };
  return { current, find: (id) => (id === current.id ? current : undefined) };
}
