/** How a command fails: one line, a remedy, and an exit code that scripts can rely on (docs/reference/cli.md). */

import { z } from 'zod';

/** Exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** It was tried and failed: problems found, tool answered with an error, nothing to revoke. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** No gateway answers at the address. */
  unreachable: 3,
  /** The gateway answers but does not accept the key. */
  refused: 4,
} as const;

/** Thrown by commands; `main` prints it without a stack. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;
  readonly remedy: string | undefined;
  constructor(exitCode: number, message: string, remedy?: string) {
    super(message);
    this.exitCode = exitCode;
    this.remedy = remedy;
  }
}

/** The message of whatever was thrown, in words where the system has codes. */
export function messageOf(error: unknown): string {
  if (error instanceof z.ZodError)
    return error.issues.map(({ path, message }) => `${path.map(String).join('.')}: ${message}`).join('; ');
  if (!(error instanceof Error)) return String(error);
  const { code = '', path, syscall } = error as NodeJS.ErrnoException;
  const words = code === 'EEXIST' && syscall !== 'mkdir' ? undefined : SYSTEM_WORDS[code];
  return words === undefined || path === undefined ? error.message : words(path);
}

/** What the system says of files, by its code. */
const SYSTEM_WORDS: { readonly [code: string]: ((path: string) => string) | undefined } = {
  ENOENT: (path) => `there is no file or folder ${path}`,
  // Of a folder that was to be made.
  EEXIST: (path) => `${path} is a file, where a folder is wanted`,
  ENOTDIR: (path) => `there can be no ${path}: one of its folders is a file`,
  EISDIR: (path) => `${path} is a folder, where a file is wanted`,
  EACCES: (path) => `${path} may not be read or written by this user`,
  EPERM: (path) => `${path} may not be read or written by this user`,
  EROFS: (path) => `${path} cannot be written: its file system is read-only`,
  ENOSPC: (path) => `${path} cannot be written: its disk is full`,
};
