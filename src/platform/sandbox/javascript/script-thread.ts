/** A thread as its session sees it: one request at a time, one answer each, and an end that nothing in it can put off. */

import { Worker } from 'node:worker_threads';
import type { PooledWorker } from '../worker-pool.ts';
import type { ThreadData, ThreadEvent, ThreadMessage, ThreadRequest } from './messages.ts';

export class ThreadEndedError extends Error {}

export interface ScriptThread extends PooledWorker {
  /** Rejects with ThreadEndedError. `onPrint`: texts that come before the answer. */
  ask(request: ThreadRequest, onPrint: (text: string) => void): Promise<ThreadEvent>;
}

export interface ThreadOptions {
  readonly maxMemoryBytes: number;
  /** Of the longest texts that go to and fro; the thread's own heap is made for several of them. */
  readonly maxTextBytes: number;
}

const MIB = 1_048_576;
/** For the gateway's own code there. */
const OWN_HEAP_MB = 64;
const TEXTS_AT_ONCE = 12;
const YOUNG_MB = 32;
/** What is read by recursion in the engine takes more of the thread's stack than of its own. */
const STACK_MB = 32;

export function startThread({ maxMemoryBytes, maxTextBytes }: ThreadOptions): ScriptThread {
  const data: ThreadData = { maxMemoryBytes };
  const worker = new Worker(new URL('./script-worker.ts', import.meta.url), {
    ...{ name: 'script', workerData: data, env: {}, execArgv: [], argv: [], stdin: false, stdout: true, stderr: true },
    resourceLimits: {
      maxOldGenerationSizeMb: OWN_HEAP_MB + Math.ceil((TEXTS_AT_ONCE * maxTextBytes) / MIB),
      ...{ maxYoungGenerationSizeMb: YOUNG_MB, stackSizeMb: STACK_MB },
    },
  });
  // It has nothing to say there; what is not read would be kept.
  worker.stdout.resume();
  worker.stderr.resume();
  // A thread in store keeps nobody from ending.
  worker.unref();
  const listeners: (() => void)[] = [];
  let ended: string | undefined;
  let turn:
    | {
        readonly onPrint: (text: string) => void;
        readonly resolve: (event: ThreadEvent) => void;
        readonly reject: (error: Error) => void;
      }
    | undefined;

  const end = (why: string): void => {
    if (ended !== undefined) return;
    ended = why;
    const waiting = turn;
    turn = undefined;
    void worker.terminate();
    waiting?.reject(new ThreadEndedError(why));
    for (const listener of listeners.splice(0)) listener();
  };
  worker.on('message', (message: ThreadMessage) => {
    if (ended !== undefined || turn === undefined) return;
    if (message.type === 'print') return turn.onPrint(message.text);
    const { resolve } = turn;
    turn = undefined;
    worker.unref();
    resolve(message);
  });
  worker.on('messageerror', () => end('it could not be understood'));
  worker.on('error', (error) => end(reasonOf(error)));
  worker.on('exit', (code) => end(`it ended with exit code ${code}`));

  return {
    get ended() {
      return ended;
    },
    onEnd: (listener) => {
      if (ended === undefined) listeners.push(listener);
      else listener();
    },
    ask(request, onPrint) {
      return new Promise((resolve, reject) => {
        if (ended !== undefined) return reject(new ThreadEndedError(ended));
        if (turn !== undefined) return reject(new Error('a thread was asked while it is busy'));
        turn = { onPrint, resolve, reject };
        worker.ref();
        worker.postMessage(request);
      });
    },
    kill: end,
  };
}

/** Words of Node.js and the engine, which know nothing of the script. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  if ('code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY') return 'it ran out of memory';
  return `it failed: ${error.message.split('\n')[0]?.slice(0, 200) ?? ''}`;
}
