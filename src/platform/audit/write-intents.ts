/**
 * How intents reach the kernel before their calls go out: alone at once or, while they come thick, those of one turn of the
 * event loop in one write. A write costs about the same for one line and for twenty.
 */

import type { Journal } from './journal.ts';

/** Resolves, or returns, when the line has left the process; rejects, or throws, when it could not be written. */
export type WriteIntent = (line: string) => void | Promise<void>;

/** Closer together than this, intents share writes. */
const THICK_MS = 0.5;

export function createWriteIntent(
  journal: Pick<Journal, 'writeNow' | 'append' | 'flush' | 'isInTrouble'>,
): WriteIntent {
  let lastMs = Number.NEGATIVE_INFINITY;
  let turn: Promise<void> | undefined;

  const writeTogether = (): Promise<void> =>
    new Promise((resolve, reject) => {
      setImmediate(() => {
        turn = undefined;
        try {
          journal.flush();
          resolve();
        } catch (error) {
          reject(error);
        }
      });
    });

  return (line) => {
    const nowMs = performance.now();
    const isThick = nowMs - lastMs < THICK_MS;
    lastMs = nowMs;
    // In trouble each call hears of its own line, and nothing that may be refused is kept.
    if (!isThick || journal.isInTrouble()) return journal.writeNow(line);
    journal.append(line);
    turn ??= writeTogether();
    return turn;
  };
}
