/** The engines that run on this platform: which there are, and each of them once it is asked for. */

import { randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { CODE_MODE, type CodeModeConfig } from '../../contracts/codemode.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import type { SandboxDialect, SandboxEngine, Sandboxes } from '../../contracts/sandbox.ts';
import { createJavaScriptEngine } from './javascript/javascript-engine.ts';
import { createPythonEngine } from './python/python-engine.ts';
import { findWorker } from './python/worker-command.ts';

const WORKERS_PER_CORE = 8;
const MAX_WORKERS = 64;
const MAX_SEED = 2 ** 47;

export interface SandboxesDeps {
  /** As of now; read when an engine is started. */
  readonly config: () => CodeModeConfig;
  /** Where programs are looked for. */
  readonly path: string | undefined;
  readonly monotonicMs: () => number;
  readonly log: Log;
  /** Of the Python engine; left out: the installed one, if there is one. */
  readonly findWorker?: () => string | undefined;
}

export function openSandboxes({
  config,
  path,
  monotonicMs,
  log,
  findWorker: find = findWorker,
}: SandboxesDeps): Sandboxes {
  // Installed or not: that does not change while a process runs.
  const installed = find();
  const started = new Map<SandboxDialect, Promise<SandboxEngine>>();

  const workerOf = (): string | undefined => config().worker ?? installed;
  const dialect = (): SandboxDialect | undefined => {
    const hasPython = workerOf() !== undefined;
    const chosen = config().dialect ?? (hasPython ? 'python' : 'javascript');
    return chosen === 'python' && !hasPython ? undefined : chosen;
  };

  const start = async (wanted: SandboxDialect): Promise<SandboxEngine> => {
    const {
      outer,
      maxWorkers = Math.min(MAX_WORKERS, WORKERS_PER_CORE * availableParallelism()),
      warmWorkers,
      limits,
    } = config();
    if (wanted === 'javascript')
      return createJavaScriptEngine({ maxWorkers, warmWorkers, limits, newSeed: () => randomInt(MAX_SEED) });
    const worker = workerOf();
    if (worker === undefined) throw new GatewayError('sandbox_unavailable', NO_PYTHON);
    try {
      return createPythonEngine({
        ...{ worker, outer, path, maxWorkers, warmWorkers, monotonicMs, maxMemoryBytes: limits.maxMemoryBytes },
      });
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown';
      log.error('the sandbox for scripts cannot be started', { reason });
      throw new GatewayError('sandbox_unavailable', reason);
    }
  };

  announce(log, config(), dialect());
  return {
    dialect,
    async engine() {
      const wanted = dialect();
      if (wanted === undefined) throw new GatewayError('sandbox_unavailable', NO_PYTHON);
      let engine = started.get(wanted);
      if (engine === undefined) {
        engine = start(wanted).catch((error: unknown) => {
          started.delete(wanted);
          throw error;
        });
        started.set(wanted, engine);
      }
      return engine;
    },
    async [Symbol.asyncDispose]() {
      for (const starting of started.values()) {
        const engine = await starting.catch(() => undefined);
        await engine?.[Symbol.asyncDispose]();
      }
    },
  };
}

const NO_PYTHON = 'no engine for scripts in Python is installed for this platform';

/** Nothing where nobody asked for anything, and all is as usual. */
function announce(log: Log, config: CodeModeConfig, dialect: SandboxDialect | undefined): void {
  if (dialect === undefined)
    log.warn(`${NO_PYTHON}: mode code is served as search`, {
      remedy: 'leave codeMode.dialect out, or set it to javascript',
    });
  else if (dialect === 'javascript' && config.dialect === undefined)
    log.info(`scripts are written in JavaScript: ${NO_PYTHON}`);
  else if (config !== CODE_MODE) log.info(`scripts are written in ${LANGUAGES[dialect]}`);
}

const LANGUAGES: { readonly [dialect in SandboxDialect]: string } = { python: 'Python', javascript: 'JavaScript' };
