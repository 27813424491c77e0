/** The engines that run on this platform: which there are, and one of them once it is asked for. */

import { availableParallelism } from 'node:os';
import type { CodeModeConfig } from '../../contracts/codemode.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import type { SandboxEngine, Sandboxes } from '../../contracts/sandbox.ts';
import { createPythonEngine } from './python/python-engine.ts';
import { findWorker } from './python/worker-command.ts';

const WORKERS_PER_CORE = 8;
const MAX_WORKERS = 64;

export interface SandboxesDeps {
  /** As of now; read when the engine is started. */
  readonly config: () => CodeModeConfig;
  /** Where programs are looked for. */
  readonly path: string | undefined;
  readonly monotonicMs: () => number;
  readonly log: Log;
}

export function openSandboxes({ config, path, monotonicMs, log }: SandboxesDeps): Sandboxes {
  // Installed or not: that does not change while a process runs.
  const installed = findWorker();
  let started: Promise<SandboxEngine> | undefined;

  const workerOf = (): string | undefined => config().worker ?? installed;
  const dialect = () => (config().dialect !== 'javascript' && workerOf() !== undefined ? 'python' : undefined);

  const start = async (): Promise<SandboxEngine> => {
    const {
      outer,
      maxWorkers = Math.min(MAX_WORKERS, WORKERS_PER_CORE * availableParallelism()),
      warmWorkers,
      limits,
    } = config();
    const worker = workerOf();
    if (dialect() === undefined || worker === undefined)
      throw new GatewayError('sandbox_unavailable', 'no engine for scripts is installed for this platform');
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

  return {
    dialect,
    engine() {
      started ??= start().catch((error: unknown) => {
        started = undefined;
        throw error;
      });
      return started;
    },
    async [Symbol.asyncDispose]() {
      const engine = await started?.catch(() => undefined);
      await engine?.[Symbol.asyncDispose]();
    },
  };
}
