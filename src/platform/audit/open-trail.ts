/** The audit trail: intents go to the journal before their call goes out, everything reaches the store a moment later. */

import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import type { SealKey } from '../../contracts/sealing.ts';
import type { Trail } from '../../contracts/trail.ts';
import { createFoldClient } from './fold-client.ts';
import type { FoldWorkerData } from './fold-worker.ts';
import { createJournal } from './journal.ts';
import { journalBytes } from './journal-files.ts';
import { encodeFinish, encodeIntent, encodeRecord } from './journal-line.ts';
import { holdRunLock } from './run-lock.ts';
import { createWriteIntent } from './write-intents.ts';

export interface TrailOptions {
  readonly dataDir: string;
  /** Intents wait for the disk, not only for the kernel: survives power loss. */
  readonly sync: boolean;
  readonly maxAgeDays: number;
  readonly maxSizeMb: number;
  readonly log: Log;
  readonly now?: () => number;
  /** Entry of the folding worker; differs once bundled. */
  readonly workerUrl?: URL;
  /** Size at which a new journal file is begun. Default 8 MiB. */
  readonly segmentBytes?: number;
  /** Where the trail is, if not in the data directory; the schema is the newest. */
  readonly postgres?: FoldWorkerData['postgres'];
  /** Signs the chain of the trail. */
  readonly key?: SealKey | undefined;
}

/** How long finishes are held back at most while all is well, and the store lags behind a gateway that has time. */
const TICK_MS = 100;
/** While more lines than this come in each tick, folding waits, so that more of them share a transaction. */
const MANY_LINES = 100;
/** But no longer than this many ticks. */
const MAX_WAITED_TICKS = 9;
/** A quiet gateway still applies retention, and folds what broken-off runs of others left. */
const IDLE_FOLD_MS = 600_000;
const CLOSE_TIMEOUT_MS = 10_000;
/** While folding fails. */
const MEASURE_EVERY_MS = 1_000;

/** Opens the trail of one run of the gateway. Rejects if the data directory cannot be used. */
export async function openTrail(options: TrailOptions): Promise<Trail> {
  const { log } = options;
  const now = options.now ?? Date.now;
  const dir = join(options.dataDir, 'journal');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const runId = `${now().toString(36).padStart(9, '0')}${randomBytes(6).toString('hex')}`;
  const lock = holdRunLock(dir, runId);
  const journal = createJournal({
    dir,
    runId,
    sync: options.sync,
    ...(options.segmentBytes === undefined ? {} : { segmentBytes: options.segmentBytes }),
    onTrouble: (error) => log.error('the audit journal cannot be written: calls that need it are refused', { error }),
    onHealed: (lostLines) => log.warn('the audit journal can be written again', { lostLines }),
  });
  const client = createFoldClient({
    workerUrl: options.workerUrl ?? new URL('./fold-worker.ts', import.meta.url),
    data: {
      ...{ dataDir: options.dataDir, runId, maxAgeDays: options.maxAgeDays, maxSizeMb: options.maxSizeMb },
      ...{ postgres: options.postgres, key: options.key },
    },
    log,
    now,
  });
  try {
    await client.ready;
  } catch (error) {
    lock.release();
    throw error;
  }

  const writeIntent = createWriteIntent(journal);
  let tick: NodeJS.Timeout | undefined;
  let lines = 0;
  let waitedTicks = 0;
  /** Monotonic; when the oldest line came that no fold has begun to take, and that one is taking. */
  let waitingSinceMs: number | undefined;
  let foldingSinceMs: number | undefined;
  let closed = false;
  /** The journal is as large as the whole trail may be, because it has not been folded for long. */
  let isFull = false;
  let measuredMs = Number.NEGATIVE_INFINITY;
  let droppedLines = 0;
  const foldSoon = (): void => {
    if (tick !== undefined || closed) return;
    waitingSinceMs ??= performance.now();
    tick = setTimeout(() => {
      tick = undefined;
      try {
        journal.flush();
      } catch {
        // Told once by the journal; what is held must be tried again without another call coming by.
        foldSoon();
      }
      const isBusy = lines > MANY_LINES && waitedTicks < MAX_WAITED_TICKS;
      lines = 0;
      waitedTicks = isBusy ? waitedTicks + 1 : 0;
      if (isBusy) foldSoon();
      else foldNow();
    }, TICK_MS);
    tick.unref();
  };
  const foldNow = (): void => {
    foldingSinceMs ??= waitingSinceMs;
    waitingSinceMs = undefined;
    const onFolded = (): void => {
      foldingSinceMs = undefined;
      if (isFull) log.info('the audit journal has room again', { droppedLines });
      isFull = false;
    };
    const onFailed = (): void => {
      measure();
      foldSoon();
    };
    client.fold().then(onFolded, onFailed);
  };
  const measure = (): void => {
    if (performance.now() - measuredMs < MEASURE_EVERY_MS) return;
    measuredMs = performance.now();
    const wasFull = isFull;
    isFull = journalBytes(dir) > options.maxSizeMb * 1_000_000;
    if (isFull && !wasFull)
      log.error('the audit journal is full: calls that need it are refused until it is folded', {
        maxSizeMb: options.maxSizeMb,
      });
  };
  const idle = setInterval(foldSoon, IDLE_FOLD_MS);
  idle.unref();
  foldSoon();

  const hold = (line: () => string): void => {
    if (closed) return;
    if (isFull) {
      droppedLines++;
      return;
    }
    lines++;
    try {
      journal.append(line());
    } catch (error) {
      log.error('a line of the audit trail could not be made', { error });
    }
    foldSoon();
  };

  const withDropped = ({ heldLines, lostLines }: { heldLines: number; lostLines: number }) => ({
    ...{ heldLines, lostLines: lostLines + droppedLines },
  });

  return {
    intend(intent) {
      try {
        if (closed) throw new Error('the audit trail is closed');
        if (isFull) throw new Error('the audit journal is full');
        lines++;
        foldSoon();
        const written = writeIntent(encodeIntent(intent));
        if (!options.sync) return written?.catch(refuse);
        return written === undefined ? journal.sync().catch(refuse) : written.then(journal.sync).catch(refuse);
      } catch (error) {
        return refuse(error);
      }
    },
    finish: (finish) => hold(() => encodeFinish(finish)),
    record: (intent, finish) => hold(() => encodeRecord(intent, finish)),
    figures: () => ({
      lagMs: performance.now() - (foldingSinceMs ?? waitingSinceMs ?? performance.now()),
      ...withDropped(journal.counts()),
      writable: !journal.isInTrouble() && !isFull,
    }),
    persist() {
      try {
        if (!closed) journal.flush();
      } catch {
        // Still held, and the log was told.
      }
    },
    async flush() {
      if (closed) return;
      journal.flush();
      await client.fold();
    },
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      clearTimeout(tick);
      clearInterval(idle);
      try {
        await journal.close();
        await client.close(CLOSE_TIMEOUT_MS);
      } catch (error) {
        log.error('the audit trail was not closed cleanly; the next start takes over', { error });
      } finally {
        lock.release();
      }
    },
  };
}

function refuse(error: unknown): never {
  throw new GatewayError('audit_unavailable', undefined, { cause: error });
}
