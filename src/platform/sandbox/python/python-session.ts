/** One interpreter at work: asks the worker, answers what it asks in turn, and ends it where a limit is reached. */

import { GatewayError } from '../../../contracts/errors.ts';
import type {
  HostAnswer,
  HostCall,
  SandboxHost,
  SandboxLimits,
  SandboxSession,
  SandboxTurn,
  Script,
  ScriptError,
  TypeDiagnostic,
} from '../../../contracts/sandbox.ts';
import type { CallReply, RaisedException, WorkerEvent } from './messages.ts';
import * as messages from './messages.ts';
import { readJsonValue, ValueTooLargeError } from './read-value.ts';
import { readTypeDiagnostics } from './type-diagnostics.ts';
import { WorkerEndedError, type WorkerProcess } from './worker-process.ts';

export interface PythonSessionDeps {
  readonly worker: WorkerProcess;
  readonly limits: SandboxLimits;
  /** Monotonic. */
  readonly monotonicMs: () => number;
}

/** Values and dumps come in frames that are somewhat larger than they. */
const FRAME_OVERHEAD_BYTES = 1_048_576;
/** A process that is given no time by its machine is not ended for that at once. */
const MAX_PATIENCE = 4;
const SECONDS = 1_000;
/** Of a traceback, from either end. */
const MAX_FRAMES = 5;

/** A session that is configured, or was loaded: `suspended` are the calls it waits for. */
export function createPythonSession(
  { worker, limits, monotonicMs }: PythonSessionDeps,
  suspendedEvent: WorkerEvent | undefined,
): SandboxSession {
  const maxFrameBytes =
    2 * Math.max(limits.maxValueBytes, limits.maxDumpBytes, limits.maxSourceBytes) + FRAME_OVERHEAD_BYTES;
  /** By object id in hexadecimal: namespaces that the script has looked up. */
  const namespaces = new Map<string, string>();
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
    const run = createRun(host, stop);
    try {
      if (signal.aborted) cancel();
      return await drive(run, await first(run));
    } catch (error) {
      if (over !== undefined) return { type: 'failed', error: over, warnings: run.warnings } as const;
      if (error instanceof WorkerEndedError)
        return { type: 'failed', error: crashed(error.message, limits), warnings: run.warnings } as const;
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

  interface Run {
    readonly host: SandboxHost;
    warnings: readonly TypeDiagnostic[];
    readonly open: Map<number, OpenCall>;
    calls: number;
    ask(request: Buffer): Promise<WorkerEvent>;
    close(): void;
  }

  const createRun = (host: SandboxHost, stop: (error: ScriptError) => void): Run => {
    let printed = 0;
    let watch: NodeJS.Timeout | undefined;
    const usedBefore = worker.cpuMs() ?? 0;
    const onPrint = (text: string): void => {
      const left = limits.maxPrintBytes - printed;
      printed += Buffer.byteLength(text);
      if (left > 0) host.print(printed > limits.maxPrintBytes ? text.slice(0, left) : text);
      if (printed > limits.maxPrintBytes) stop(limitReached('maxPrintBytes', limits));
    };
    /** The worker has a limit of its own, for all of its life; this one is for the run, and for a worker that does not keep to its own. */
    const guard = (afterMs: number, patience: number): void => {
      watch = setTimeout(() => {
        const used = (worker.cpuMs() ?? Number.POSITIVE_INFINITY) - usedBefore;
        const left = limits.maxInterpreterMs - used;
        if (left > 0 && patience > 0) guard(Math.max(left, 50), patience - 1);
        else stop(limitReached('maxInterpreterMs', limits));
      }, afterMs);
    };
    let usedMs = 0;
    return {
      host,
      warnings: [],
      open: new Map(),
      calls: 0,
      async ask(request) {
        const startedMs = monotonicMs();
        guard(Math.max(limits.maxInterpreterMs - usedMs, 1), MAX_PATIENCE);
        try {
          return await worker.ask(request, onPrint, maxFrameBytes);
        } finally {
          clearTimeout(watch);
          usedMs += monotonicMs() - startedMs;
        }
      },
      close: () => clearTimeout(watch),
    };
  };

  const drive = async (run: Run, begun: WorkerEvent): Promise<SandboxTurn> => {
    let event = begun;
    for (;;) {
      switch (event.type) {
        case 'complete':
          return complete(event.value, run.warnings);
        case 'error':
          return { type: 'failed', error: errorOf(event.raised, limits), warnings: run.warnings };
        case 'name':
          event = await run.ask(answerName(run.host, event));
          break;
        case 'os-call':
          event = await run.ask(messages.resumeCall(event.callId, answerOs(run.host, event.ask)));
          break;
        case 'call':
          event = await answerCall(run, event);
          break;
        case 'futures': {
          const results = await settled(run, event.pending);
          if (results === undefined) {
            waiting = event;
            return { type: 'suspended', open: event.pending };
          }
          event = await run.ask(messages.resumeFutures(results));
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

  const complete = (value: Buffer, warnings: readonly TypeDiagnostic[]): SandboxTurn => {
    try {
      return { type: 'complete', value: readJsonValue(value, limits.maxValueBytes), warnings };
    } catch (error) {
      if (!(error instanceof ValueTooLargeError)) throw error;
      return { type: 'failed', error: limitReached('maxValueBytes', limits), warnings };
    }
  };

  const answerName = (host: SandboxHost, { name, objectId }: Extract<WorkerEvent, { type: 'name' }>): Buffer => {
    if (objectId === undefined) {
      if (!host.has(name)) return messages.resumeNameUnknown();
      if (host.isFunction?.(name) === true) return messages.resumeNameWithFunction(name);
      namespaces.set(messages.objectId(name).toString('hex'), name);
      return messages.resumeNameWithObject(name);
    }
    // A method that is not called at once: it is a function of the host's by its whole name.
    const namespace = namespaceOf(host, objectId);
    return namespace === undefined
      ? messages.resumeNameUnknown()
      : messages.resumeNameWithFunction(`${namespace}.${name}`);
  };

  /** One that a dump knows was looked up in another process. */
  const namespaceOf = (host: SandboxHost, id: Buffer): string | undefined => {
    const hex = id.toString('hex');
    const known = namespaces.get(hex);
    if (known !== undefined) return known;
    for (const name of host.names()) {
      namespaces.set(messages.objectId(name).toString('hex'), name);
    }
    return namespaces.get(hex);
  };

  const answerCall = async (run: Run, event: Extract<WorkerEvent, { type: 'call' }>): Promise<WorkerEvent> => {
    const { callId } = event;
    const call = readCall(run, event);
    if ('error' in call) return run.ask(messages.resumeCall(callId, call.error));
    const answer = run.host.call(call.call);
    if (!(answer instanceof Promise) && answer.type !== 'suspend')
      return run.ask(messages.resumeCall(callId, replyOf(answer, limits)));
    if (++run.calls > limits.maxCalls) {
      const message = `a run may make ${limits.maxCalls} calls`;
      const event = await run.ask(messages.abort('RuntimeError', message));
      if (event.type === 'error') return { ...event, raised: { ...event.raised, message } };
      return event;
    }
    run.open.set(callId, openCall(answer));
    return run.ask(messages.resumeCall(callId, { type: 'future' }));
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
      await Promise.race([...running.map(({ settled }) => settled), gone()]);
      if (worker.ended !== undefined) throw new WorkerEndedError(worker.ended);
    }
  };

  const gone = (): Promise<void> => new Promise((resolve) => worker.onEnd(resolve));

  return {
    get isAlive() {
      return worker.ended === undefined;
    },
    run(script: Script, host, signal) {
      if (Buffer.byteLength(script.code) > limits.maxSourceBytes)
        return Promise.resolve({ type: 'failed', error: limitReached('maxSourceBytes', limits), warnings: [] });
      return work(host, signal, async (run) => {
        const { blocks } = script;
        const event = await run.ask(messages.feed(script.code, blocks === undefined));
        if (event.type !== 'type-errors' || blocks === undefined) return event;
        const found = readTypeDiagnostics(event.diagnostics);
        const blocking = found.filter(blocks);
        if (blocking.length > 0) throw new BlockedError(blocking);
        run.warnings = found;
        return run.ask(messages.feed(script.code, true));
      }).catch((error: unknown) => {
        if (error instanceof BlockedError) return { type: 'blocked', diagnostics: error.diagnostics };
        throw error;
      });
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
        .ask(messages.dump(), () => undefined, maxFrameBytes)
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

class BlockedError extends Error {
  override readonly name = 'BlockedError';
  readonly diagnostics: readonly TypeDiagnostic[];
  constructor(diagnostics: readonly TypeDiagnostic[]) {
    super('blocked');
    this.diagnostics = diagnostics;
  }
}

interface OpenCall {
  /** Undefined: it is under way. */
  answer: HostAnswer | undefined;
  readonly settled: Promise<unknown>;
}

function openCall(answer: HostAnswer | Promise<HostAnswer>): OpenCall {
  if (!(answer instanceof Promise)) return { answer, settled: Promise.resolve() };
  const open: { -readonly [member in keyof OpenCall]: OpenCall[member] } = {
    answer: undefined,
    settled: answer.then((value) => {
      open.answer = value;
    }),
  };
  return open;
}

function replyOf(answer: HostAnswer, { maxAnswerBytes }: SandboxLimits): CallReply {
  switch (answer.type) {
    case 'value':
      if (answer.value.length <= maxAnswerBytes) return answer;
      return {
        ...{ type: 'error', exception: 'ValueError' },
        message: `the answer has ${answer.value.length} characters, more than the ${maxAnswerBytes} that a script may take in at once; ask for less`,
      };
    case 'error':
      return answer;
    case 'suspend':
      return { type: 'future' };
  }
}

function answerOs(host: SandboxHost, ask: messages.OsAsk): CallReply {
  switch (ask.type) {
    case 'now':
      return { type: 'datetime', at: new Date(host.now()), offsetSeconds: ask.offsetSeconds };
    case 'today':
      return { type: 'date', at: new Date(host.now()) };
    case 'other':
      return { type: 'refused' };
  }
}

const failure = (kind: ScriptError['kind'], exception: string, message: string): ScriptError => ({
  ...{ kind, exception, message, line: undefined, traceback: undefined },
});

function limitReached(limit: keyof SandboxLimits, limits: SandboxLimits): ScriptError {
  const bound = limits[limit];
  const told: { readonly [name in keyof SandboxLimits]?: readonly [string, string] } = {
    maxSourceBytes: ['ValueError', `the script is longer than ${bound} bytes`],
    maxInterpreterMs: ['TimeoutError', `the script used more than ${bound / SECONDS} s of computing time`],
    maxWallMs: ['TimeoutError', `the script took more than ${bound / SECONDS} s with all its calls`],
    maxPrintBytes: ['RuntimeError', `the script printed more than ${bound} bytes`],
    maxValueBytes: ['ValueError', `the result is larger than ${bound} bytes`],
    maxMemoryBytes: ['MemoryError', `the script used more than ${bound} bytes of memory`],
  };
  const [exception, message] = told[limit] ?? ['RuntimeError', `${limit}: ${bound}`];
  return { ...failure('limit', exception, message), limit };
}

/** Running out of the address space ends the process itself. */
function crashed(why: string, limits: SandboxLimits): ScriptError {
  if (/exit code 65\b/.test(why)) return limitReached('maxMemoryBytes', limits);
  return failure('crash', 'SystemError', `the sandbox ended while the script ran: ${why}`);
}

function errorOf({ exception, message, frames }: RaisedException, limits: SandboxLimits): ScriptError {
  const last = frames.at(-1);
  const told =
    frames.length <= 2 * MAX_FRAMES ? frames : [...frames.slice(0, MAX_FRAMES), ...frames.slice(-MAX_FRAMES)];
  const traceback = told.map(({ line, name, source }) => `line ${line}, in ${name ?? '<module>'}: ${source.trim()}`);
  const at = { line: frames.find(({ name }) => name === undefined || name === '<module>')?.line ?? last?.line };
  const where = { ...at, traceback: traceback.length > 1 ? traceback.join('\n') : undefined };
  if (exception === 'TimeoutError' && /^time limit exceeded/.test(message))
    return { ...limitReached('maxInterpreterMs', limits), ...where };
  if (exception === 'MemoryError' && /limit/.test(message))
    return { ...limitReached('maxMemoryBytes', limits), ...where };
  const kind = exception === 'SyntaxError' ? 'syntax' : 'exception';
  return { kind, exception, message, ...where };
}

function tooLarge({ maxDumpBytes }: SandboxLimits): GatewayError {
  return new GatewayError('sandbox_state_too_large', undefined, { data: { maxDumpBytes } });
}
