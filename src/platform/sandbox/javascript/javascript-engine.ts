/** Scripts in JavaScript: QuickJS in a thread for each session, which ends with it. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { SandboxEngine, SandboxLimits } from '../../../contracts/sandbox.ts';
import { createWorkerPool } from '../worker-pool.ts';
import { createJavaScriptSession } from './javascript-session.ts';
import { decodeSession, type SavedSession } from './ledger.ts';
import { replay } from './replay.ts';
import { type ScriptThread, startThread, ThreadEndedError } from './script-thread.ts';

export interface JavaScriptEngineOptions {
  readonly maxWorkers: number;
  readonly warmWorkers: number;
  /** Those of the largest session. */
  readonly limits: SandboxLimits;
  readonly maxWaiting?: number | undefined;
  readonly maxWaitMs?: number | undefined;
  /** A whole number below 2^48, nobody's guess. */
  readonly newSeed: () => number;
}

/** Pinned: what was put away is run again by the same engine, or not at all. */
const ENGINE_VERSION = '0.32.0';
const LEDGER_VERSION = 1;
const MAX_WAITING = 256;
const MAX_WAIT_MS = 10_000;
const NOTHING: SavedSession = { variables: '{}', dropped: [], ledger: undefined };

export function createJavaScriptEngine(options: JavaScriptEngineOptions): SandboxEngine {
  const { maxMemoryBytes, maxAnswerBytes, maxValueBytes, maxDumpBytes } = options.limits;
  const pool = createWorkerPool<ScriptThread>({
    start: () => startThread({ maxMemoryBytes, maxTextBytes: Math.max(maxAnswerBytes, maxValueBytes, maxDumpBytes) }),
    ...{ maxWorkers: options.maxWorkers, warmWorkers: options.warmWorkers },
    ...{ maxWaiting: options.maxWaiting ?? MAX_WAITING, maxWaitMs: options.maxWaitMs ?? MAX_WAIT_MS },
  });

  return {
    dialect: 'javascript',
    version: `quickjs ${ENGINE_VERSION} ledger ${LEDGER_VERSION}`,
    resumesElsewhere: true,
    async open({ limits, dump, signal }) {
      const saved = dump === undefined ? NOTHING : await decodeSession(dump, limits);
      const thread = await pool.take(signal);
      try {
        if (saved.ledger !== undefined) await replay(thread, saved.ledger, limits, signal);
        return createJavaScriptSession({ thread, limits, newSeed: options.newSeed }, saved);
      } catch (error) {
        thread.kill('it could not be opened');
        if (!(error instanceof ThreadEndedError)) throw error;
        throw signal.aborted ? new GatewayError('cancelled') : new GatewayError('sandbox_state_invalid', error.message);
      }
    },
    figures: pool.figures,
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
