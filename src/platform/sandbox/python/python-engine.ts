/** Scripts in Python: each session is a worker process of its own, which ends with it. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { SandboxEngine, SandboxLimits, TypeDiagnostic } from '../../../contracts/sandbox.ts';
import { createWorkerPool } from '../worker-pool.ts';
import type { WorkerEvent } from './events.ts';
import { createPythonSession } from './python-session.ts';
import * as requests from './requests.ts';
import { readTypeDiagnostics } from './type-diagnostics.ts';
import { buildWorkerCommand, type CommandOptions, WORKER_VERSION } from './worker-command.ts';
import { startWorker, type WorkerProcess } from './worker-process.ts';

export interface PythonEngineOptions extends Omit<CommandOptions, 'maxAddressSpaceBytes'> {
  readonly maxWorkers: number;
  readonly warmWorkers: number;
  /** Of the largest session; the process around it may map six times as much. */
  readonly maxMemoryBytes: number;
  readonly maxWaiting?: number | undefined;
  readonly maxWaitMs?: number | undefined;
  /** Monotonic. */
  readonly monotonicMs: () => number;
}

const MAX_WAITING = 256;
const MAX_WAIT_MS = 10_000;
/** The interpreter's own code, its type checker and its stacks take their share of the address space. */
const ADDRESS_SPACE_FACTOR = 6;
const MIN_ADDRESS_SPACE_BYTES = 419_430_400;
/** A session may be used for many runs, and the worker counts over all of them; each run has its own bound besides. */
const RUNS_OF_TIME = 20;
const MAX_SUSPENSIONS = 1_000_000;
const CONTROL_FRAME_BYTES = 65_536;
const LOAD_FRAME_BYTES = 4_194_304;
const CHECK_FRAME_BYTES = 8_388_608;

/** Throws an Error for people if no worker can be started as the options say. */
export function createPythonEngine(options: PythonEngineOptions): SandboxEngine {
  const command = buildWorkerCommand({
    ...options,
    maxAddressSpaceBytes: Math.max(MIN_ADDRESS_SPACE_BYTES, ADDRESS_SPACE_FACTOR * options.maxMemoryBytes),
  });
  const pool = createWorkerPool<WorkerProcess>({
    start: () => startWorker(command),
    ...{ maxWorkers: options.maxWorkers, warmWorkers: options.warmWorkers },
    ...{ maxWaiting: options.maxWaiting ?? MAX_WAITING, maxWaitMs: options.maxWaitMs ?? MAX_WAIT_MS },
  });

  const ask = async (worker: WorkerProcess, request: Buffer, maxFrameBytes: number) => {
    try {
      return await worker.ask(request, () => undefined, maxFrameBytes);
    } catch {
      throw new GatewayError('sandbox_unavailable', worker.ended);
    }
  };

  const configure = async (worker: WorkerProcess, limits: SandboxLimits, stubs: string | undefined): Promise<void> => {
    const configured = await ask(worker, requests.configure(configurationOf(limits, stubs)), CONTROL_FRAME_BYTES);
    if (configured.type !== 'ok') throw new GatewayError('sandbox_unavailable', wordsOf(configured));
  };

  /**
   * A worker that has checked a script and is as new. Undefined: the check took it too long or ended it, and what is wrong
   * with the script shows when it runs.
   */
  const takeChecked = async (
    limits: SandboxLimits,
    { code, stubs }: { readonly code: string; readonly stubs: string },
    signal: AbortSignal,
  ): Promise<{ worker: WorkerProcess; findings: readonly TypeDiagnostic[] } | undefined> => {
    if (Buffer.byteLength(code) > limits.maxSourceBytes) return undefined;
    const worker = await pool.take(signal);
    const kill = (): void => worker.kill('its check took too long');
    const patience = setTimeout(kill, limits.maxInterpreterMs);
    signal.addEventListener('abort', kill);
    try {
      await configure(worker, limits, stubs);
      const found = await ask(worker, requests.check(code), CHECK_FRAME_BYTES);
      const reset = await ask(worker, requests.reset(), CONTROL_FRAME_BYTES);
      if (reset.type !== 'ok') throw new GatewayError('sandbox_unavailable', wordsOf(reset));
      const findings = found.type === 'type-errors' ? readTypeDiagnostics(found.diagnostics, requests.CHECK_LINES) : [];
      return { worker, findings };
    } catch {
      worker.kill('it could not check a script');
      return undefined;
    } finally {
      clearTimeout(patience);
      signal.removeEventListener('abort', kill);
    }
  };

  return {
    dialect: 'python',
    version: `monty ${WORKER_VERSION} protocol ${requests.PROTOCOL_VERSION}`,
    resumesElsewhere: true,
    async open({ limits, dump, check, signal }) {
      const checked = check === undefined ? undefined : await takeChecked(limits, check, signal);
      const worker = checked?.worker ?? (await pool.take(signal));
      try {
        await configure(worker, limits, undefined);
        const of = { worker, limits, monotonicMs: options.monotonicMs, findings: checked?.findings ?? [] };
        if (dump === undefined) return createPythonSession(of, undefined);
        const loaded = await ask(worker, requests.load(dump), LOAD_FRAME_BYTES);
        if (loaded.type !== 'ok' && loaded.type !== 'futures')
          throw new GatewayError('sandbox_state_invalid', wordsOf(loaded));
        return createPythonSession(of, loaded);
      } catch (error) {
        worker.kill('it could not be opened');
        throw error;
      }
    },
    figures: pool.figures,
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]();
      command[Symbol.dispose]();
    },
  };
}

function configurationOf(limits: SandboxLimits, stubs: string | undefined): requests.Configuration {
  const { maxInterpreterMs, maxMemoryBytes, maxRecursionDepth } = limits;
  return {
    ...{ maxMemoryBytes, maxRecursionDepth, stubs },
    maxInterpreterMs: RUNS_OF_TIME * maxInterpreterMs,
    maxSuspensions: MAX_SUSPENSIONS,
  };
}

const wordsOf = (event: WorkerEvent): string =>
  event.type === 'error'
    ? event.raised.message
    : event.type === 'fatal'
      ? event.message
      : `it answered with ${event.type}`;
