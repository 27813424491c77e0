/** One interpreter at work: asks the worker, answers what it asks in turn, and ends it where a limit is reached. */

import { GatewayError } from '../../../contracts/errors.ts';
import type {
  HostCall,
  SandboxHost,
  SandboxLimits,
  SandboxSession,
  SandboxTurn,
  ScriptError,
  TypeDiagnostic,
} from '../../../contracts/sandbox.ts';
import { failure, limitReached, tooLarge } from '../limit-errors.ts';
import { openCall } from '../open-call.ts';
import type { WorkerEvent } from './events.ts';
import { answerOs, replyOf } from './host-answers.ts';
import { readJsonValue, ValueTooLargeError } from './read-value.ts';
import type { CallReply } from './requests.ts';
import * as requests from './requests.ts';
import { crashed, errorOf } from './script-errors.ts';
import { createRun, type Run } from './session-run.ts';
import { WorkerEndedError, type WorkerProcess } from './worker-process.ts';

export interface PythonSessionDeps {
  readonly worker: WorkerProcess;
  readonly limits: SandboxLimits;
  /** Monotonic. */
  readonly monotonicMs: () => number;
  readonly findings: readonly TypeDiagnostic[];
}

/** Values and dumps come in frames that are somewhat larger than they. */
const FRAME_OVERHEAD_BYTES = 1_048_576;

/** A session that is configured, or was loaded: `suspended` are the calls it waits for. */
export function createPythonSession(
  { worker, limits, monotonicMs, findings }: PythonSessionDeps,
  suspendedEvent: WorkerEvent | undefined,
): SandboxSession {
  const maxFrameBytes =
    2 * Math.max(limits.maxValueBytes, limits.maxDumpBytes, limits.maxSourceBytes) + FRAME_OVERHEAD_BYTES;
  /** By object id in hexadecimal: namespaces that the script has looked up. */
  const namespaces = new Map<string, string>();
  const gone = new Promise<void>((resolve) => worker.onEnd(resolve));
  let waiting = suspendedEvent;
  let isBusy = false;

  const work = async (host: SandboxHost, signal: AbortSignal, first: (run: Run) => Promise<WorkerEvent>) => {
    if (isBusy) throw new Error('a session was asked while it is busy');
    isBusy = true;
    let over: ScriptError | undefined;
    const stop = (error: ScriptError): void => {
      over ??= error;
      worker.kill(error.message);
    };
    const cancel = (): void => stop(failure('cancelled', 'CancelledError', 'nobody waits for it any more'));
    const wall = setTimeout(() => stop(limitReached('maxWallMs', limits)), limits.maxWallMs);
    signal.addEventListener('abort', cancel);
    const run = createRun({ worker, limits, monotonicMs, maxFrameBytes }, host, stop);
    try {
      if (signal.aborted) cancel();
      return await drive(run, await first(run));
    } catch (error) {
      if (over !== undefined) return { type: 'failed', error: over } as const;
      if (error instanceof WorkerEndedError) return { type: 'failed', error: crashed(error.message, limits) } as const;
      // A mistake of ours: nobody knows what is left of it.
      worker.kill('the host failed');
      throw error;
    } finally {
      clearTimeout(wall);
      run.close();
      signal.removeEventListener('abort', cancel);
      isBusy = false;
    }
  };

  const drive = async (run: Run, begun: WorkerEvent): Promise<SandboxTurn> => {
    let event = begun;
    for (;;) {
      switch (event.type) {
        case 'complete':
          return complete(event.value);
        case 'error':
          return { type: 'failed', error: errorOf(event.raised, limits) };
        case 'name':
          event = await run.ask(answerName(run.host, event));
          break;
        case 'os-call':
          event = await run.ask(requests.resumeCall(event.callId, answerOs(run.host, event.ask)));
          break;
        case 'call':
          event = await answerCall(run, event);
          break;
        case 'futures': {
          const results = await settled(run, event.pending);
          if (results === undefined && event.pending.length === 0) {
            worker.kill('its scheduler stalled');
            throw new WorkerEndedError('its scheduler stalled');
          }
          if (results === undefined) {
            waiting = event;
            return { type: 'suspended', open: event.pending };
          }
          event = await run.ask(requests.resumeFutures(results));
          break;
        }
        case 'fatal':
          worker.kill(event.message);
          throw new WorkerEndedError(event.message);
        default:
          worker.kill(`it answered with ${event.type}`);
          throw new WorkerEndedError(`it answered with ${event.type}`);
      }
    }
  };

  const complete = (value: Buffer): SandboxTurn => {
    try {
      return { type: 'complete', value: readJsonValue(value, limits.maxValueBytes) };
    } catch (error) {
      if (!(error instanceof ValueTooLargeError)) throw error;
      return { type: 'failed', error: limitReached('maxValueBytes', limits) };
    }
  };

  const answerName = (host: SandboxHost, { name, objectId }: Extract<WorkerEvent, { type: 'name' }>): Buffer => {
    if (objectId === undefined) {
      if (!host.has(name)) return requests.resumeNameUnknown();
      if (host.isFunction?.(name) === true) return requests.resumeNameWithFunction(name);
      namespaces.set(requests.objectId(name).toString('hex'), name);
      return requests.resumeNameWithObject(name);
    }
    // A method that is not called at once: it is a function of the host's by its whole name.
    const namespace = namespaceOf(host, objectId);
    return namespace === undefined
      ? requests.resumeNameUnknown()
      : requests.resumeNameWithFunction(`${namespace}.${name}`);
  };

  /** One that a dump knows was looked up in another process. */
  const namespaceOf = (host: SandboxHost, id: Buffer): string | undefined => {
    const hex = id.toString('hex');
    const known = namespaces.get(hex);
    if (known !== undefined) return known;
    for (const name of host.names()) {
      namespaces.set(requests.objectId(name).toString('hex'), name);
    }
    return namespaces.get(hex);
  };

  const answerCall = async (run: Run, event: Extract<WorkerEvent, { type: 'call' }>): Promise<WorkerEvent> => {
    const { callId } = event;
    const call = readCall(run, event);
    if ('error' in call) return run.ask(requests.resumeCall(callId, call.error));
    const answer = run.host.call(call.call);
    if (!(answer instanceof Promise) && answer.type !== 'suspend')
      return run.ask(requests.resumeCall(callId, replyOf(answer, limits)));
    if (++run.calls > limits.maxCalls) {
      const message = `a run may make ${limits.maxCalls} calls`;
      const event = await run.ask(requests.abort('RuntimeError', message));
      if (event.type === 'error') return { ...event, raised: { ...event.raised, message } };
      return event;
    }
    run.open.set(callId, openCall(answer));
    return run.ask(requests.resumeCall(callId, { type: 'future' }));
  };

  const readCall = (
    { host }: Run,
    event: Extract<WorkerEvent, { type: 'call' }>,
  ): { readonly call: HostCall } | { readonly error: CallReply } => {
    const { callId: id, name, args, named, objectId } = event;
    const dot = name.indexOf('.');
    const namespace = objectId === undefined ? (dot === -1 ? '' : name.slice(0, dot)) : namespaceOf(host, objectId);
    if (namespace === undefined) return { error: { type: 'error', exception: 'AttributeError', message: name } };
    const method = objectId === undefined && dot !== -1 ? name.slice(dot + 1) : name;
    // What is called by itself and is nobody's: the worker asks about every name it does not know.
    if (namespace === '' ? host.isFunction?.(name) !== true : !host.has(namespace))
      return { error: { type: 'error', exception: 'NameError', message: `name '${name}' is not defined` } };
    try {
      const chars = limits.maxAnswerBytes;
      const positional = `[${args.map((value) => readJsonValue(value, chars)).join(',')}]`;
      const members = named.map(({ key, value }) => `${readJsonValue(key, chars)}:${readJsonValue(value, chars)}`);
      const text = `{${members.join(',')}}`;
      if (positional.length + text.length > chars) throw new ValueTooLargeError();
      return { call: { id, namespace, method, positional, named: text } };
    } catch (error) {
      if (!(error instanceof ValueTooLargeError)) throw error;
      const message = `the arguments are larger than ${limits.maxAnswerBytes} bytes`;
      return { error: { type: 'error', exception: 'ValueError', message } };
    }
  };

  /** Those of the pending that have an answer by now; waits for one. Undefined: all of them are suspended. */
  const settled = async (run: Run, pending: readonly number[]) => {
    for (;;) {
      const calls = pending.flatMap((id) => run.open.get(id) ?? []);
      const done = pending.flatMap((id) => {
        const answer = run.open.get(id)?.answer;
        return answer === undefined || answer.type === 'suspend' ? [] : [[id, answer] as const];
      });
      if (done.length > 0) {
        for (const [id] of done) run.open.delete(id);
        return done.map(([id, answer]) => [id, replyOf(answer, limits)] as const);
      }
      const running = calls.filter(({ answer }) => answer === undefined);
      if (running.length === 0) return undefined;
      await Promise.race([...running.map(({ settled }) => settled), gone]);
      if (worker.ended !== undefined) throw new WorkerEndedError(worker.ended);
    }
  };

  return {
    get isAlive() {
      return worker.ended === undefined;
    },
    findings,
    run(code, host, signal) {
      if (Buffer.byteLength(code) > limits.maxSourceBytes)
        return Promise.resolve({ type: 'failed', error: limitReached('maxSourceBytes', limits) });
      return work(host, signal, (run) => run.ask(requests.feed(code)));
    },
    resume(answers, host, signal) {
      return work(host, signal, async (run) => {
        if (waiting?.type !== 'futures') throw new Error('nothing of this session waits');
        const event = waiting;
        waiting = undefined;
        for (const id of event.pending) {
          const answer = answers.get(id);
          run.open.set(id, openCall(answer ?? { type: 'error', exception: 'RuntimeError', message: 'no answer' }));
        }
        return event;
      });
    },
    async dump() {
      if (isBusy) throw new Error('a session was dumped while it is busy');
      const event = await worker
        .ask(requests.dump(), () => undefined, maxFrameBytes)
        .catch((error: unknown) => {
          if (error instanceof WorkerEndedError) throw tooLarge(limits);
          throw error;
        });
      if (event.type !== 'dump') throw new GatewayError('internal', `the sandbox gave ${event.type} for a dump`);
      if (event.state.length > limits.maxDumpBytes) throw tooLarge(limits);
      return Uint8Array.from(event.state);
    },
    async [Symbol.asyncDispose]() {
      worker.kill('the session is over');
    },
  };
}
