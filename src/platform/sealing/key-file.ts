/** The sealing key in the data directory: made on the first start without a master key, readable by its owner only. */

import { randomBytes } from 'node:crypto';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SealKey } from '../../contracts/sealing.ts';
import { createSealKey } from './seal-key.ts';

const KEY_BYTES = 32;

/** Reads `<dataDir>/seal.key`, or makes it (mode 0600). Throws an Error for people if what is there is no key. */
export function openSealKeyFile(dataDir: string): SealKey {
  const path = pathOf(dataDir);
  try {
    writeFileSync(path, `${randomBytes(KEY_BYTES).toString('base64url')}\n`, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  chmodSync(path, 0o600);
  return parse(path, readFileSync(path, 'utf8'));
}

/** The same where there is one. */
export function readSealKeyFile(dataDir: string): SealKey | undefined {
  const path = pathOf(dataDir);
  try {
    return parse(path, readFileSync(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const pathOf = (dataDir: string): string => join(dataDir, 'seal.key');

function parse(path: string, text: string): SealKey {
  const bytes = Buffer.from(text.trim(), 'base64url');
  if (bytes.length !== KEY_BYTES)
    throw new Error(
      `${path} holds no sealing key; remove it to have another made (questions that are open then fail, and servers want a sign-in)`,
    );
  return createSealKey(bytes);
}
