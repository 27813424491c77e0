/** One owner's interpreter: starts runs in its thread, answers their calls, and ends the thread where a limit is reached. */

import type {
  HostAnswer,
  SandboxHost,
  SandboxLimits,
  SandboxSession,
  SandboxTurn,
  ScriptError,
} from '../../../contracts/sandbox.ts';
import { failure, limitReached, tooLarge } from '../limit-errors.ts';
import { openCall } from '../open-call.ts';
import { encodeSession, type Ledger, type SavedSession, type Variables } from './ledger.ts';
import type { RunStart, RunState, ThreadEvent } from './messages.ts';
import { crashed, errorOf, syntaxError } from './script-errors.ts';
import { type ScriptThread, ThreadEndedError } from './script-thread.ts';
import { createRun, type Run } from './session-run.ts';

export interface JavaScriptSessionDeps {
  readonly thread: ScriptThread;
  readonly limits: SandboxLimits;
  /** A whole number below 2^48. */
  readonly newSeed: () => number;
}

const MAX_DROPPED = 100;
const IDENTIFIER = /[A-Za-z_$][\w$]*/g;

/** `saved`: what it begins with; a ledger in it was met again already, and the thread waits where it did. */
export function createJavaScriptSession(
  { thread, limits, newSeed }: JavaScriptSessionDeps,
  saved: SavedSession,
): SandboxSession {
  const gone = new Promise<void>((resolve) => thread.onEnd(resolve));
  let known: Variables | undefined = saved;
  let waiting: Ledger | undefined = saved.ledger;
  let isTooLarge = false;
  let isBusy = false;

  const work = async (
    host: SandboxHost,
    signal: AbortSignal,
    ledger: Ledger,
    first: (run: Run) => Promise<ThreadEvent | undefined>,
  ): Promise<SandboxTurn> => {
    if (isBusy) throw new Error('a session was asked while it is busy');
    isBusy = true;
    let over: ScriptError | undefined;
    const stop = (error: ScriptError): void => {
      over ??= error;
      thread.kill(error.message);
    };
    const cancel = (): void => stop(failure('cancelled', 'CancelledError', 'nobody waits for it any more'));
    const wall = setTimeout(() => stop(limitReached('maxWallMs', limits)), limits.maxWallMs);
    signal.addEventListener('abort', cancel);
    const run = createRun({ thread, limits }, host, ledger, stop);
    try {
      if (signal.aborted) cancel();
      return await drive(run, await first(run));
    } catch (error) {
      if (over !== undefined) return failed(over);
      if (error instanceof ThreadEndedError)
        return failed(/memory/.test(error.message) ? limitReached('maxMemoryBytes', limits) : crashed(error.message));
      // A mistake of ours: nobody knows what is left of it.
      thread.kill('the host failed');
      throw error;
    } finally {
      clearTimeout(wall);
      run.close();
      signal.removeEventListener('abort', cancel);
      isBusy = false;
    }
  };

  /** `begun`: undefined after calls that waited got their answers. */
  const drive = async (run: Run, begun: ThreadEvent | undefined): Promise<SandboxTurn> => {
    for (let event = begun; ; ) {
      switch (event?.type) {
        case 'done':
          keep(event.state);
          return { type: 'complete', value: event.value };
        case 'failed': {
          const error = errorOf(event.error, known?.dropped ?? []);
          keep(event.state);
          return failed(error);
        }
        case 'syntax':
          return failed(syntaxError(event.message, event.line));
        case 'limit': {
          const error = limitReached(event.limit, limits);
          thread.kill(error.message);
          return failed(error);
        }
        case 'waits':
          for (const call of event.calls) run.begin(call);
          break;
        case undefined:
      }
      const answers = await settled(run);
      if (answers !== undefined) {
        event = await run.deliver(answers);
        continue;
      }
      if (run.open.size === 0)
        return failed(failure('exception', 'Error', 'the script waits for a promise that nobody will ever settle'));
      run.ledger.open = [...run.open.keys()];
      waiting = run.ledger;
      isTooLarge = run.isTooLarge;
      return { type: 'suspended', open: run.ledger.open };
    }
  };

  const keep = (state: RunState): void => {
    isTooLarge = 'isTooLarge' in state;
    if ('isTooLarge' in state) return;
    const before = (known?.dropped ?? []).filter(
      (name) => !state.dropped.includes(name) && !state.variables.includes(`${JSON.stringify(name)}:`),
    );
    known = { variables: state.variables, dropped: [...state.dropped, ...before].slice(0, MAX_DROPPED) };
  };

  /** Those that have an answer by now; waits for one. Undefined: none is under way. */
  const settled = async ({ open }: Run): Promise<readonly (readonly [number, HostAnswer])[] | undefined> => {
    for (;;) {
      if (thread.ended !== undefined) throw new ThreadEndedError(thread.ended);
      const done = [...open].flatMap(([id, { answer }]) =>
        answer === undefined || answer.type === 'suspend' ? [] : [[id, answer] as const],
      );
      for (const [id] of done) open.delete(id);
      if (done.length > 0) return done;
      const running = [...open.values()].filter(({ answer }) => answer === undefined);
      if (running.length === 0) return undefined;
      await Promise.race([...running.map((call) => call.settled), gone]);
    }
  };

  return {
    get isAlive() {
      return thread.ended === undefined;
    },
    findings: [],
    run(code, host, signal) {
      if (Buffer.byteLength(code) > limits.maxSourceBytes)
        return Promise.resolve(failed(limitReached('maxSourceBytes', limits)));
      const named = [...new Set(code.match(IDENTIFIER) ?? [])];
      const isFunction = (name: string): boolean => host.isFunction?.(name) === true;
      const start: RunStart = {
        ...{ code, variables: known?.variables ?? '{}', seed: newSeed(), nowMs: host.now() },
        functions: named.filter(isFunction),
        namespaces: named.filter((name) => !isFunction(name) && host.has(name)),
      };
      waiting = undefined;
      return work(host, signal, { start, deliveries: [], calls: [], open: [] }, (run) =>
        run.ask({ type: 'run', start, limits }),
      );
    },
    resume(answers, host, signal) {
      const ledger = waiting;
      if (ledger === undefined) throw new Error('nothing of this session waits');
      waiting = undefined;
      return work(host, signal, ledger, async ({ open }) => {
        for (const id of ledger.open) {
          const answer = answers.get(id);
          open.set(id, openCall(answer ?? { type: 'error', exception: 'RuntimeError', message: 'no answer' }));
        }
        return undefined;
      });
    },
    async dump() {
      if (isTooLarge) throw tooLarge(limits);
      return encodeSession({ variables: '{}', dropped: [], ...known, ledger: waiting }, limits);
    },
    async [Symbol.asyncDispose]() {
      thread.kill('its session is over');
    },
  };
}

const failed = (error: ScriptError): SandboxTurn => ({ type: 'failed', error });
