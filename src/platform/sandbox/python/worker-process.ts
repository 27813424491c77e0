/** One worker: a process of its own with nothing in its hands, spoken to in frames; whatever is odd about it ends it. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { readEvent, type WorkerEvent } from './events.ts';
import { ProtocolError } from './protobuf.ts';

export interface WorkerCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** An empty folder. */
  readonly cwd: string;
}

export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Undefined while it lives; else what ended it. */
  readonly ended: string | undefined;
  onEnd(listener: () => void): void;
  /** One request, one event that ends the turn; prints in between go to `onPrint`. Rejects with WorkerEndedError. */
  ask(request: Buffer, onPrint: (text: string) => void, maxFrameBytes: number): Promise<WorkerEvent>;
  /** Milliseconds of processor time that it has used so far; undefined where the platform does not tell. */
  cpuMs(): number | undefined;
  /** Why is kept as what ended it. */
  kill(why: string): void;
}

/** The worker is gone, or was ended. */
export class WorkerEndedError extends Error {
  override readonly name = 'WorkerEndedError';
}

const LENGTH_BYTES = 4;
/** Linux says so: clock ticks of processes are hundredths of a second for everybody. */
const TICK_MS = 10;

export function startWorker({ file, args, cwd }: WorkerCommand): WorkerProcess {
  const child: ChildProcessByStdio<Writable, Readable, null> = spawn(file, [...args], {
    ...{ cwd, env: {}, shell: false, windowsHide: true, stdio: ['pipe', 'pipe', 'ignore'] },
    // A process group of its own, so that all of it can be ended at once.
    detached: true,
  });
  const listeners: (() => void)[] = [];
  let ended: string | undefined;
  let chunks: Buffer[] = [];
  let held = 0;
  /** The worker itself; known once it has answered. */
  let measured: number | undefined;
  let turn:
    | {
        readonly onPrint: (text: string) => void;
        readonly maxFrameBytes: number;
        readonly resolve: (event: WorkerEvent) => void;
        readonly reject: (error: Error) => void;
      }
    | undefined;

  const end = (why: string): void => {
    if (ended !== undefined) return;
    ended = why;
    killGroup(child.pid);
    chunks = [];
    const waiting = turn;
    turn = undefined;
    waiting?.reject(new WorkerEndedError(why));
    for (const listener of listeners) listener();
  };

  /** The bytes held so far as one, once there are so many. */
  const peek = (bytes: number): Buffer | undefined => {
    if (held < bytes) return undefined;
    if (chunks.length > 1 && (chunks[0]?.length ?? 0) < bytes) chunks = [Buffer.concat(chunks)];
    return chunks[0];
  };
  const drop = (bytes: number): void => {
    const first = chunks[0];
    if (first === undefined) return;
    if (first.length === bytes) chunks.shift();
    else chunks[0] = first.subarray(bytes);
    held -= bytes;
  };
  const take = (): void => {
    for (;;) {
      const length = peek(LENGTH_BYTES)?.readUInt32LE(0);
      if (length === undefined) return;
      if (turn === undefined) throw new ProtocolError('it spoke without being asked');
      if (length > turn.maxFrameBytes) throw new ProtocolError(`a message of ${length} bytes`);
      const whole = peek(LENGTH_BYTES + length);
      if (whole === undefined) return;
      const event = readEvent(whole.subarray(LENGTH_BYTES, LENGTH_BYTES + length));
      drop(LENGTH_BYTES + length);
      if (event.type === 'print') turn.onPrint(event.text);
      else {
        const { resolve } = turn;
        turn = undefined;
        resolve(event);
      }
    }
  };
  child.stdout.on('data', (chunk: Buffer) => {
    if (ended !== undefined) return;
    chunks.push(chunk);
    held += chunk.length;
    try {
      take();
    } catch (error) {
      end(error instanceof ProtocolError ? `it broke the protocol: ${error.message}` : 'it could not be understood');
    }
  });
  child.on('error', (error) => end(`it could not be started: ${error.message}`));
  child.on('exit', (code, signal) =>
    end(signal === null ? `it ended with exit code ${code}` : `it was ended by ${signal}`),
  );
  child.stdin.on('error', () => undefined);

  return {
    pid: child.pid,
    get ended() {
      return ended;
    },
    onEnd: (listener) => {
      if (ended === undefined) listeners.push(listener);
      else listener();
    },
    ask(request, onPrint, maxFrameBytes) {
      return new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(new WorkerEndedError(ended));
        if (turn !== undefined) return reject(new Error('a worker was asked while it is busy'));
        turn = { onPrint, maxFrameBytes, resolve, reject };
        const head = Buffer.allocUnsafe(LENGTH_BYTES);
        head.writeUInt32LE(request.length, 0);
        child.stdin.cork();
        child.stdin.write(head);
        child.stdin.write(request);
        child.stdin.uncork();
      });
    },
    cpuMs() {
      if (child.pid === undefined) return undefined;
      measured ??= innermostOf(child.pid);
      return cpuMsOf(measured);
    },
    kill: end,
  };
}

/**
 * A box consists of several processes. While it is being made they do not end with the first of them yet: alone, the second would
 * wait for it for ever.
 */
function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // All gone already.
  }
}

/** In a box the worker is a child of the box's own processes, which use no time. Source: proc_pid_children(5). */
function innermostOf(pid: number): number {
  try {
    const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ');
    return child === undefined || child === '' ? pid : innermostOf(Number(child));
  } catch {
    return pid;
  }
}

/** Source: proc_pid_stat(5), fields 14 and 15. */
function cpuMsOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
  } catch {
    return undefined;
  }
}
