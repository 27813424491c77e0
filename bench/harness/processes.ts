/** Starts the processes of a measurement, each pinned to its core where `taskset` exists, and ends them by their ids. */

import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { hasCounters } from './usage.ts';

export interface Started {
  readonly pid: number;
  /** The line that said it is ready. */
  readonly line: string;
  /** Ends with the process; nothing more is read before this is listened to. */
  readonly lines: AsyncIterableIterator<string>;
  write(text: string): void;
  signal(name: NodeJS.Signals): void;
  /** The last it said on standard error. */
  said(): string;
  /** SIGTERM to its whole group, SIGKILL after ten seconds. */
  stop(): Promise<void>;
  /** Ends it at once; for when we are ending ourselves. */
  kill(): void;
}

export interface StartOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly core: number | undefined;
  readonly cwd?: string;
  readonly env?: { readonly [name: string]: string };
  /** The line of standard output that means ready; undefined: the process is ready at once. */
  readonly isReady?: (line: string) => boolean;
  /** Default 60,000 ms. */
  readonly readyTimeoutMs?: number;
}

const KILL_AFTER_MS = 10_000;
const KEPT_STDERR_CHARS = 4_000;

/** Which core each part has to itself; undefined: not pinned. */
export interface Placement {
  readonly subject: number | undefined;
  readonly mock: number | undefined;
  readonly generator: number | undefined;
  readonly description: string;
}

export function decidePlacement(): Placement {
  const cores = availableParallelism();
  const works = cores > 1 && spawnSync('taskset', ['-c', '1', 'true']).status === 0;
  if (!works)
    return {
      subject: undefined,
      mock: undefined,
      generator: undefined,
      description: 'no pinning (one core or no taskset)',
    };
  const mock = cores > 2 ? 2 : 0;
  const rest = mock === 0 ? 'mock and generator on core 0' : 'generator on core 0, mock on core 2';
  return { subject: 1, mock, generator: 0, description: `each proxy on core 1, ${rest}` };
}

/** Why ratios measured here would say too little to judge by; undefined: they can be judged. */
export function whyNotComparable(): string | undefined {
  if (!hasCounters()) return 'CPU counters of the scheduler (/proc/<pid>/task/*/schedstat) are missing';
  if (availableParallelism() < 2) return 'there is only one core, so the proxy would share it with the load generator';
  if (decidePlacement().subject === undefined) return 'taskset is missing or may not pin processes to a core';
  return undefined;
}

/** The command line that runs something on a core, for those who start it themselves (stdio bridges). */
export function pinned(core: number | undefined, command: string, args: readonly string[]): [string, string[]] {
  return core === undefined ? [command, [...args]] : ['taskset', ['-c', String(core), command, ...args]];
}

export async function startProcess(options: StartOptions): Promise<Started> {
  const [command, args] = pinned(options.core, options.command, options.args);
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, NODE_OPTIONS: '', ...options.env },
    stdio: 'pipe',
    // A group of its own, so that what it starts ends with it.
    detached: true,
  });
  const { pid } = child;
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk).slice(-KEPT_STDERR_CHARS);
  });
  child.stdin.on('error', () => {});
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const stop = async (): Promise<void> => {
    if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    signalGroup(pid, 'SIGTERM');
    const kill = setTimeout(() => signalGroup(pid, 'SIGKILL'), KILL_AFTER_MS);
    await exited;
    clearTimeout(kill);
    // Whatever it left behind in its group.
    signalGroup(pid, 'SIGKILL');
  };
  try {
    const line = options.isReady === undefined ? '' : await awaitLine(options, lines, child);
    if (pid === undefined) throw new Error('it could not be started');
    return {
      pid,
      line,
      lines,
      write: (text) => void child.stdin.write(text),
      signal: (name) => void process.kill(pid, name),
      said: () => said,
      stop,
      kill: () => signalGroup(pid, 'SIGKILL'),
    };
  } catch (error) {
    await stop();
    throw new Error(`${options.command} ${options.args.slice(0, 3).join(' ')}: ${String(error)}\n${said}`);
  }
}

async function awaitLine(
  { isReady, readyTimeoutMs = 60_000 }: StartOptions,
  lines: AsyncIterableIterator<string>,
  child: ChildProcessWithoutNullStreams,
): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not ready within ${readyTimeoutMs} ms`)), readyTimeoutMs);
    child.once('error', reject);
  });
  const find = async (): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('it ended before it was ready');
      if (isReady?.(value) === true) return value;
    }
  };
  try {
    return await Promise.race([find(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(-pid, name);
  } catch {
    // Nobody is left in it.
  }
}
