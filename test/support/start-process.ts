/** Child processes of tests: started with a ready line, stopped for certain, their descendants too. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cleanup } from './temp-dir.ts';
import { waitFor, within } from './wait-for.ts';

export interface StartOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** On top of this process's environment. */
  readonly env?: { readonly [name: string]: string };
  readonly cwd?: string;
  /** Which line of which stream says that it is ready; default: the first line of stdout. */
  readonly ready?: { readonly stream: 'stdout' | 'stderr'; readonly pattern: RegExp };
  /** Default 30,000. */
  readonly readyTimeoutMs?: number;
}

export interface StartedProcess {
  readonly pid: number;
  readonly readyLine: string;
  readonly child: ChildProcess;
  /** Everything it wrote to stderr so far. */
  stderr(): string;
  readonly exited: Promise<number | null>;
  /** SIGTERM, and SIGKILL after 10 s; resolves when it and its descendants are gone. */
  stop(): Promise<number | null>;
  /** SIGKILL, at once; its descendants have to notice, and are killed if they do not within 5 s. */
  kill9(): Promise<void>;
}

/** Ids of all descendants, as of now. */
export function descendantsOf(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const line of execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).split('\n')) {
    const [child, parent] = line.trim().split(/\s+/).map(Number);
    if (child === undefined || parent === undefined) continue;
    children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const found: number[] = [];
  const look = (id: number): void => {
    for (const child of children.get(id) ?? []) {
      found.push(child);
      look(child);
    }
  };
  look(pid);
  return found;
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Waits until all of them are gone; whoever is left after `patienceMs` is killed and reported on stderr. */
async function reap(pids: readonly number[], patienceMs: number): Promise<void> {
  try {
    await waitFor('descendants to exit', () => !pids.some(isAlive), patienceMs);
  } catch {
    const left = pids.filter(isAlive);
    process.stderr.write(`test support: killing left-over processes ${left.join(', ')}\n`);
    for (const pid of left) process.kill(pid, 'SIGKILL');
  }
}

/** Starts it and waits for its ready line. It is stopped at the latest when the test is over. */
export async function startProcess(cleanup: Cleanup, options: StartOptions): Promise<StartedProcess> {
  const ready = options.ready ?? { stream: 'stdout', pattern: /./ };
  const child = spawn(options.command, options.args, {
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const failed = new Promise<never>((_resolve, reject) => child.once('error', reject));
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr = (stderr + chunk).slice(-1_000_000);
  });
  const { pid } = child;
  if (pid === undefined) return failed;

  const started: Omit<StartedProcess, 'readyLine'> = {
    pid,
    child,
    exited,
    stderr: () => stderr,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const family = descendantsOf(pid);
      child.kill('SIGTERM');
      const code = await within('exit after SIGTERM', exited).catch(() => {
        process.stderr.write(`test support: ${options.args.join(' ')} ignored SIGTERM\n${stderr.slice(-2000)}\n`);
        child.kill('SIGKILL');
        return exited;
      });
      await reap(family, 5_000);
      return code;
    },
    async kill9() {
      const family = descendantsOf(pid);
      // Reading /proc held up this process, load generators in it included: without a pause the blow would always fall
      // when every call under way had just been answered.
      await sleep(randomInt(5, 40));
      child.kill('SIGKILL');
      await exited;
      await reap(family, 5_000);
    },
  };
  cleanup.after(() => started.stop());

  const lines = createInterface({ input: ready.stream === 'stdout' ? child.stdout : child.stderr });
  const line = new Promise<string>((resolve) =>
    lines.on('line', (text) => {
      if (ready.pattern.test(text)) resolve(text);
    }),
  );
  const gone = exited.then((code): never => {
    throw new Error(`${options.command} ${options.args.join(' ')} exited with ${code}:\n${stderr.slice(-4000)}`);
  });
  gone.catch(() => undefined);
  const readyLine = await within(
    `ready line of ${options.args.join(' ')}`,
    Promise.race([line, gone, failed]),
    options.readyTimeoutMs ?? 30_000,
  ).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${stderr.slice(-4000)}`);
  });
  return { ...started, readyLine };
}
