/** The files of the journal as those who fold them see them: runs, their segments in order, whole lines. */

import { closeSync, existsSync, fstatSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { segmentName } from './journal.ts';

/**
 * What one transaction takes: some 2,000 calls, whose fixed costs are shared and whose intent and finish mostly meet. Larger
 * than any line (16 KiB of arguments, twelve bounded fields), so a chunk without a line feed is damage.
 */
export const CHUNK_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;

/** Runs that left anything in the directory, if only a lock. */
export function listRuns(journalDir: string): string[] {
  return readdirSync(journalDir)
    .filter((name) => /^[0-9a-z]+(-\d{6,}\.jsonl|\.lock)$/.test(name))
    .map(runOf);
}

/** The segments of one run in the order they were written: none of them is missing that is older than another of them. */
export function listSegments(journalDir: string, runId: string): string[] {
  const listed = readdirSync(journalDir).filter((name) => name.startsWith(`${runId}-`) && name.endsWith('.jsonl'));
  return withUnlisted(listed, (name) => existsSync(join(journalDir, name)));
}

/**
 * What a folder lists is no moment of it: of two segments begun meanwhile it may give the second alone (POSIX readdir). Folded so,
 * ends of calls would come ahead of their beginnings, and be lost. Whoever began segment n + 1 began n before.
 */
export function withUnlisted(listed: readonly string[], exists: (name: string) => boolean): string[] {
  let above = 0;
  return [...listed]
    .sort((a, b) => numberOf(a) - numberOf(b))
    .flatMap((name) => {
      const names = [name];
      const runId = runOf(name);
      for (let number = numberOf(name) - 1; number > above && exists(segmentName(runId, number)); number--)
        names.unshift(segmentName(runId, number));
      above = numberOf(name);
      return names;
    });
}

function numberOf(name: string): number {
  return Number(/-(\d+)\.jsonl$/.exec(name)?.[1]);
}

export function runOf(name: string): string {
  return name.slice(0, name.search(/[-.]/));
}

export function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** All segments together, whoever's they are; 0 where the folder is gone or cannot be read, which whoever writes there notices. */
export function journalBytes(journalDir: string): number {
  let names: string[];
  try {
    names = readdirSync(journalDir);
  } catch {
    return 0;
  }
  return names
    .filter((name) => name.endsWith('.jsonl'))
    .reduce((sum, name) => sum + fileSize(join(journalDir, name)), 0);
}

export function readAt(path: string, offset: number, into: Buffer): number {
  const fd = openSync(path, 'r');
  try {
    if (fstatSync(fd).size <= offset) return 0;
    return readSync(fd, into, 0, into.length, offset);
  } finally {
    closeSync(fd);
  }
}

/** Whole lines of the chunk. What follows the last line feed waits, or is torn. */
export function takeLines(chunk: Buffer, isClosed: boolean): { lines: string[]; consumed: number; fragments: number } {
  const end = chunk.lastIndexOf(LINE_FEED);
  if (end !== -1) return { lines: chunk.toString('utf8', 0, end).split('\n'), consumed: end + 1, fragments: 0 };
  const isTorn = chunk.length > 0 && (isClosed || chunk.length === CHUNK_BYTES);
  return { lines: [], consumed: isTorn ? chunk.length : 0, fragments: isTorn ? 1 : 0 };
}
