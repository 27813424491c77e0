/** What a server writes to stderr, for our log: bounded in line length and rate, and its last lines kept for the post-mortem. */

import type { Log } from '../../contracts/log.ts';
import { createLineSplitter, type LineSplitter } from './line-splitter.ts';
import { createRateBound } from './rate-bound.ts';
import { type Redact, toPrintable } from './redact.ts';

const MAX_LINE_BYTES = 16_384;
const MAX_LINE_CHARS = 1_000;
const LAST_LINES = 10;
const LINES_PER_WINDOW = 50;
const WINDOW_MS = 10_000;

export interface StderrLog extends LineSplitter {
  /** The last lines, at most `maxChars` of them, newest last. */
  last(maxChars: number): string;
}

export function createStderrLog(log: Log, server: string, redact: Redact): StderrLog {
  const bound = createRateBound(LINES_PER_WINDOW, WINDOW_MS);
  const kept: string[] = [];
  const take = (raw: string): void => {
    const line = toPrintable(redact(raw), MAX_LINE_CHARS);
    if (line === '') return;
    kept.push(line);
    if (kept.length > LAST_LINES) kept.shift();
    const { pass, missed } = bound.admit();
    if (pass) log.info(line, missed > 0 ? { server, stream: 'stderr', missed } : { server, stream: 'stderr' });
  };
  const lines = createLineSplitter(MAX_LINE_BYTES, take, (dropped) => take(dropped.head));
  return {
    push: lines.push,
    end: lines.end,
    last: (maxChars) => kept.join(' | ').slice(-maxChars),
  };
}
