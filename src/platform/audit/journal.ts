/**
 * The append-only journal of one run: lines reach the kernel before `writeNow` returns, so they survive kill -9, and the
 * disk before `sync` resolves. Files are `<runId>-<n>.jsonl`; once n + 1 exists, n does not change any more.
 */

import { closeSync, fdatasync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface JournalOptions {
  readonly dir: string;
  readonly runId: string;
  /** Also make new files themselves survive power loss. */
  readonly sync: boolean;
  /** A new file is begun when one is larger. Default 8 MiB. */
  readonly segmentBytes?: number;
  /** Bounds of what is held back to be written together; beyond, it is written at once. Defaults 256 lines, 256 Ki characters. */
  readonly maxHeldLines?: number;
  readonly maxHeldChars?: number;
  /** While nothing can be written, this much is kept in memory; what comes beyond is lost and counted. Default 1 Mi characters. */
  readonly maxStuckChars?: number;
  /** The first write that failed, and the first that worked again with the number of lines lost in between. */
  readonly onTrouble: (error: unknown) => void;
  readonly onHealed: (lostLines: number) => void;
}

export interface Journal {
  /** Appends the line, after all that is held back. Throws if it cannot; then the line is not, and will not be, there. */
  writeNow(line: string): void;
  /** Appends the line with the next write, or at once when much is held. Never throws. */
  append(line: string): void;
  /** The last write failed: lines may be dropped until one works again. */
  isInTrouble(): boolean;
  /** Lines held back now, and lines lost since the start. */
  counts(): { readonly heldLines: number; readonly lostLines: number };
  /** Writes what is held back. Throws if it cannot; then it stays held. */
  flush(): void;
  /** Resolves when everything written so far is on the disk. Calls that overlap share one flush of the disk. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

interface Segment {
  readonly number: number;
  readonly fd: number;
  bytes: number;
  syncing: boolean;
  waiting: { resolve: () => void; reject: (error: unknown) => void }[];
  retired: boolean;
}

/** The file name of a segment; names of one run sort in the order they were written. */
export function segmentName(runId: string, number: number): string {
  return `${runId}-${String(number).padStart(6, '0')}.jsonl`;
}

export function createJournal(options: JournalOptions): Journal {
  const segmentBytes = options.segmentBytes ?? 8 * 1024 * 1024;
  const maxHeldLines = options.maxHeldLines ?? 256;
  const maxHeldChars = options.maxHeldChars ?? 256 * 1024;
  const maxStuckChars = options.maxStuckChars ?? 1024 * 1024;
  const scratch = Buffer.allocUnsafeSlow(128 * 1024);
  let segment: Segment | undefined;
  let nextNumber = 1;
  let held = '';
  let heldLines = 0;
  let inTrouble = false;
  let lostLines = 0;
  let lostBefore = 0;

  const ready = (): Segment => {
    if (segment !== undefined && segment.bytes < segmentBytes) return segment;
    const number = nextNumber;
    const fd = openSync(join(options.dir, segmentName(options.runId, number)), 'a', 0o600);
    retire();
    nextNumber = number + 1;
    segment = { number, fd, bytes: 0, syncing: false, waiting: [], retired: false };
    // From here on `giveUp` closes it.
    if (options.sync) syncDirectory(options.dir);
    return segment;
  };

  const retire = (): void => {
    if (segment === undefined) return;
    segment.retired = true;
    if (!segment.syncing) closeSync(segment.fd);
    segment = undefined;
  };

  /**
   * A file that failed is not trusted again. If nothing went into it the next attempt opens the same one; otherwise a new
   * one, and the torn line at its end is skipped by whoever folds.
   */
  const giveUp = (error: unknown): void => {
    if (segment?.bytes === 0) nextNumber = segment.number;
    retire();
    if (inTrouble) return;
    inTrouble = true;
    options.onTrouble(error);
  };

  const write = (line: string): void => {
    const text = held + line;
    if (text === '') return;
    const buffer = encode(text, scratch);
    let written = 0;
    try {
      const target = ready();
      while (written < buffer.length) {
        const bytes = writeSync(target.fd, buffer, written, buffer.length - written);
        written += bytes;
        target.bytes += bytes;
      }
    } catch (error) {
      // Lines that went out whole are not held any more; the one that was cut is written again, whole.
      const whole = written === 0 ? 0 : buffer.subarray(0, written).lastIndexOf(0x0a) + 1;
      if (whole > 0) {
        held = buffer.subarray(whole, Math.max(whole, Buffer.byteLength(held))).toString();
        heldLines = held.split('\n').length - 1;
      }
      giveUp(error);
      throw error;
    }
    held = '';
    heldLines = 0;
    if (inTrouble) {
      inTrouble = false;
      options.onHealed(lostLines);
      lostBefore += lostLines;
      lostLines = 0;
    }
  };

  const startSync = (target: Segment): void => {
    const group = target.waiting;
    target.waiting = [];
    target.syncing = true;
    fdatasync(target.fd, (error) => {
      target.syncing = false;
      if (error !== null) {
        // After a failed flush the kernel may have dropped the pages: what waits cannot be made durable any more.
        for (const { reject } of [...group, ...target.waiting.splice(0)]) reject(error);
        if (segment === target) giveUp(error);
        else if (target.retired) closeSync(target.fd);
        return;
      }
      for (const { resolve } of group) resolve();
      if (target.waiting.length > 0) startSync(target);
      else if (target.retired) closeSync(target.fd);
    });
  };

  const sync = (): Promise<void> => {
    const target = segment;
    if (target === undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      target.waiting.push({ resolve, reject });
      if (!target.syncing) startSync(target);
    });
  };

  return {
    writeNow: write,
    append(line) {
      if (inTrouble && held.length + line.length > maxStuckChars) {
        lostLines++;
        return;
      }
      held += line;
      heldLines++;
      // While in trouble, only the timer's flush and the next intent try again.
      if (inTrouble || (heldLines < maxHeldLines && held.length < maxHeldChars)) return;
      try {
        write('');
      } catch {
        // Still held, and `onTrouble` was told.
      }
    },
    isInTrouble: () => inTrouble,
    counts: () => ({ heldLines, lostLines: lostBefore + lostLines }),
    flush: () => write(''),
    sync,
    async close() {
      try {
        write('');
        if (options.sync) await sync();
      } finally {
        retire();
      }
    },
  };
}

/** Encodes into the scratch buffer where it surely fits. */
function encode(text: string, scratch: Buffer): Buffer {
  if (text.length * 3 > scratch.length) return Buffer.from(text);
  return scratch.subarray(0, scratch.write(text));
}

function syncDirectory(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
