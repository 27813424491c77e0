/** Replacing a file of the user's: a dated copy of the old one first, then the new one in a single step. */

import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** Writes `text`; new files are readable by their owner only, since they may hold a key. Returns the backup's path. */
export function writeWithBackup(file: string, text: string, nowMs: number): string | undefined {
  mkdirSync(dirname(file), { recursive: true });
  const exists = existsSync(file);
  // A link is followed, so that dotfiles kept elsewhere stay links.
  const target = exists ? realpathSync(file) : file;
  const mode = exists ? statSync(target).mode & 0o777 : 0o600;
  let backup: string | undefined;
  if (exists) {
    backup = `${file}.${new Date(nowMs).toISOString().replace(/[:.]/g, '-')}.bak`;
    copyFileSync(target, backup);
    chmodSync(backup, mode);
  }
  const scratch = `${target}.${process.pid}.tmp`;
  try {
    writeFileSync(scratch, text, { mode });
    chmodSync(scratch, mode);
    renameSync(scratch, target);
  } catch (error) {
    rmSync(scratch, { force: true });
    throw error;
  }
  return backup;
}
