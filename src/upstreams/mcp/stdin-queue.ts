/** What goes to a server's stdin: the lines of one turn in one write, and which requests have certainly not been read. */

import type { Writable } from 'node:stream';
import { IdTable } from '../../lib/id-table.ts';

/** A batch that has grown to this is written at once. */
const MAX_BATCH_CHARS = 64 * 1024;

export interface StdinQueue {
  /** Takes a line for the end of this turn; false: too much waits already, or stdin is closed. `onDone` as for a write. */
  push(line: string, requestId: number | undefined, onDone: (() => void) | undefined): boolean;
  /** True as long as the server cannot have read the whole line of this request. */
  isUnsent(requestId: number): boolean;
  /** The request was answered or given up. */
  finish(requestId: number): void;
  /** What waits is written, then stdin is closed. */
  end(): void;
}

/**
 * A write costs about the same for one line and for twenty. While one is on its way the lines behind it wait here: so what
 * happened to them is known when the server dies.
 */
export function createStdinQueue(stdin: Writable, maxQueuedBytes: number): StdinQueue {
  const unsent = new IdTable<true>();
  let text = '';
  let lines = 0;
  let ids: number[] = [];
  let callbacks: (() => void)[] = [];
  let isDue = false;
  let isWriting = false;

  const write = (): void => {
    const batch = { lines, ids, callbacks };
    const bytes = text;
    text = '';
    lines = 0;
    ids = [];
    callbacks = [];
    isWriting = true;
    stdin.write(bytes, (error) => {
      isWriting = false;
      if (!error) for (const id of batch.ids) unsent.delete(id);
      for (const done of batch.callbacks) done();
      flush();
    });
    // Of several lines that did not leave at once the first may be read already; a line alone is read whole or not at all.
    if (batch.lines > 1 && stdin.writableLength > 0) for (const id of batch.ids) unsent.delete(id);
  };
  const flush = (): void => {
    isDue = false;
    if (text !== '' && !isWriting) write();
  };

  return {
    push(line, requestId, onDone) {
      if (!stdin.writable || stdin.writableLength + text.length > maxQueuedBytes) return false;
      text += `${line}\n`;
      lines++;
      if (requestId !== undefined) {
        unsent.set(requestId, true);
        ids.push(requestId);
      }
      if (onDone !== undefined) callbacks.push(onDone);
      if (text.length > MAX_BATCH_CHARS) flush();
      else if (!isDue) {
        isDue = true;
        // Runs when the promises settled in this turn have had their say.
        process.nextTick(flush);
      }
      return true;
    },
    isUnsent: (requestId) => unsent.has(requestId),
    finish(requestId) {
      unsent.delete(requestId);
    },
    end() {
      if (text !== '' && stdin.writable) write();
      stdin.end();
    },
  };
}
