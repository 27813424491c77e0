/** QuickJS in the thread it was started in: one run after the other, each in a context of its own. */

import variant from '@jitl/quickjs-singlefile-mjs-release-sync';
import {
  type CustomizeVariantOptions,
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSWASMModule,
} from 'quickjs-emscripten-core';
import type { SandboxLimits } from '../../../contracts/sandbox.ts';
import { isObject } from '../../../lib/is-object.ts';
import { TEXT_PER_DUMP } from './ledger.ts';
import type { Delivery, RunStart, SentCall, ThreadEvent } from './messages.ts';
import { PRELUDE } from './prelude.ts';
import { readEvent } from './read-event.ts';
import { wrapScript } from './wrap-script.ts';

export interface Interpreter {
  run(start: RunStart, limits: SandboxLimits): Promise<ThreadEvent>;
  deliver(delivery: Delivery): ThreadEvent;
}

export interface InterpreterDeps {
  readonly maxMemoryBytes: number;
  /** What scripts take for the time: epoch milliseconds. */
  readonly setClock: (ms: number) => void;
  /** Of this thread, in milliseconds. */
  readonly usedMs: () => number;
  readonly print: (text: string) => void;
}

const PAGE_BYTES = 65_536;
/** The module's own memory at start, and what the library reserves beside the heap of the script. */
const MODULE_BYTES = 33_554_432;
const FIRST_BYTES = 16_777_216;
/** A plain call takes about a fifth of it; callbacks of the library's functions take all of it. */
const STACK_BYTES_PER_CALL = 1_024;
const MIN_STACK_BYTES = 131_072;
const MAX_STACK_BYTES = 1_048_576;
/** What is printed is told in pieces about so long. */
const MAX_HELD_PRINT_CHARS = 8_192;
/** Of arguments that leave in one turn, as a multiple of those of one call. */
const SENT_FACTOR = 2;

/** A run under way. `calls` and `limit` are those of the turn. */
interface Running {
  readonly runtime: QuickJSRuntime;
  readonly context: QuickJSContext;
  readonly limits: SandboxLimits;
  readonly handles: QuickJSHandle[];
  calls: SentCall[];
  made: number;
  printedBytes: number;
  /** Not told yet. */
  printed: string;
  usedMs: number;
  turnStartedMs: number;
  limit: keyof SandboxLimits | undefined;
  bridge: QuickJSHandle | undefined;
}

type Shared = NonNullable<Awaited<CustomizeVariantOptions['wasmMemory']>>;
/** Of Node.js, whose types do not have it. */
const { Memory } = (
  globalThis as unknown as {
    WebAssembly: { Memory: new (bounds: { initial: number; maximum: number }) => Shared };
  }
).WebAssembly;

export async function createInterpreter(deps: InterpreterDeps): Promise<Interpreter> {
  const load = (): Promise<QuickJSWASMModule> => {
    const maximum = Math.ceil((deps.maxMemoryBytes * 1.5 + MODULE_BYTES) / PAGE_BYTES);
    const wasmMemory = new Memory({ initial: FIRST_BYTES / PAGE_BYTES, maximum });
    return newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmMemory }));
  };
  let module = await load();
  let running: Running | undefined;

  /** What an earlier run left may be in disorder: the library aborts where it finds that. */
  const clear = async (): Promise<void> => {
    const before = running;
    running = undefined;
    if (before === undefined) return;
    try {
      for (const handle of before.handles) handle.dispose();
      before.context.dispose();
      before.runtime.dispose();
    } catch {
      module = await load();
    }
  };

  /** Works until nothing is left to do but to wait. */
  const turn = (run: Running, work: () => void): ThreadEvent => {
    const { runtime, limits } = run;
    run.calls = [];
    run.turnStartedMs = deps.usedMs();
    try {
      work();
      while (run.limit === undefined && runtime.hasPendingJob()) {
        if (isOverTime(run)) run.limit = 'maxInterpreterMs';
        runtime.executePendingJobs(1).dispose();
      }
      if (run.limit !== undefined) return { type: 'limit', limit: run.limit };
      const told = invoke(run, 'state', []);
      if (run.limit !== undefined) return { type: 'limit', limit: run.limit };
      return readEvent(told, run.calls, limits);
    } catch (error) {
      if (run.limit !== undefined) return { type: 'limit', limit: run.limit };
      if (error instanceof SyntaxError) return { type: 'failed', error: SPOILT, state: { isTooLarge: true } };
      if (!(error instanceof ScriptFault)) throw error;
      const { name, message } = error.words;
      if (name === 'InternalError' && message === 'out of memory') return { type: 'limit', limit: 'maxMemoryBytes' };
      if (name === 'SyntaxError') return { type: 'syntax', message, line: undefined };
      return {
        type: 'failed',
        state: { isTooLarge: true },
        error: { exception: name, message, stack: error.words.stack },
      };
    } finally {
      flush(run);
      run.usedMs += deps.usedMs() - run.turnStartedMs;
    }
  };

  const flush = (run: Running): void => {
    if (run.printed !== '') deps.print(run.printed);
    run.printed = '';
  };

  const isOverTime = (run: Running): boolean =>
    run.usedMs + deps.usedMs() - run.turnStartedMs > run.limits.maxInterpreterMs;

  /** The script's side of the bridge: texts alone come through it. */
  const host = (run: Running, kind: string, of: readonly QuickJSHandle[]): void => {
    const { context, limits } = run;
    if (run.limit !== undefined) return;
    const text = (i: number): string => {
      const handle = of[i];
      return handle === undefined ? '' : context.getString(handle);
    };
    if (kind === 'print') {
      const printed = JSON.parse(text(0)) as string;
      run.printedBytes += Buffer.byteLength(printed);
      run.printed += printed;
      if (run.printed.length > MAX_HELD_PRINT_CHARS) flush(run);
      if (run.printedBytes > limits.maxPrintBytes) run.limit = 'maxPrintBytes';
      return;
    }
    if (++run.made > limits.maxCalls) {
      run.limit = 'maxCalls';
      return;
    }
    const [positional, named] = [text(3), text(4)];
    if (!Array.isArray(JSON.parse(positional)) || !isObject(JSON.parse(named)))
      throw new TypeError('arguments are JSON');
    run.calls.push({
      ...{ id: Number(text(0)), namespace: String(JSON.parse(text(1))), method: String(JSON.parse(text(2))) },
      ...{ positional, named },
    });
  };

  return {
    async run(start, limits) {
      await clear();
      const wrapped = wrapScript(start.code);
      if ('message' in wrapped) return { type: 'syntax', ...wrapped };
      deps.setClock(start.seed);
      const runtime = module.newRuntime({
        memoryLimitBytes: limits.maxMemoryBytes,
        maxStackSizeBytes: Math.min(
          MAX_STACK_BYTES,
          Math.max(MIN_STACK_BYTES, STACK_BYTES_PER_CALL * limits.maxRecursionDepth),
        ),
      });
      // Its random numbers begin with what its clock says here.
      const context = runtime.newContext();
      deps.setClock(start.nowMs);
      const run: Running = {
        ...{ runtime, context, limits, handles: [], calls: [], made: 0, printedBytes: 0, printed: '', usedMs: 0 },
        ...{ turnStartedMs: 0, limit: undefined, bridge: undefined },
      };
      running = run;
      runtime.setInterruptHandler(() => {
        if (run.limit === undefined && isOverTime(run)) run.limit = 'maxInterpreterMs';
        return run.limit !== undefined;
      });
      return turn(run, () => {
        const prelude = evaluate(run, `(${PRELUDE})`, 'gateway');
        const bridge = context.newFunction('host', (kind, ...rest) => host(run, context.getString(kind), rest));
        const bounds = [
          ...[limits.maxValueBytes, SENT_FACTOR * limits.maxAnswerBytes],
          ...[TEXT_PER_DUMP * limits.maxDumpBytes, limits.maxAnswerBytes],
        ];
        run.handles.push(prelude, bridge);
        run.bridge = context.unwrapResult(
          context.callFunction(prelude, context.undefined, bridge, ...bounds.map((bound) => context.newNumber(bound))),
        );
        run.handles.push(run.bridge);
        const script = evaluate(run, wrapped.code, 'script');
        run.handles.push(script);
        const texts = [start.variables, JSON.stringify(start.namespaces), JSON.stringify(start.functions)];
        invoke(run, 'begin', [script, ...texts]);
      });
    },
    deliver({ nowMs, answers, isAfterWait }) {
      const run = running;
      if (run === undefined) throw new Error('an answer came while nothing ran');
      if (isAfterWait) run.usedMs = 0;
      deps.setClock(nowMs);
      return turn(run, () => {
        for (const [id, reply] of answers)
          invoke(
            run,
            'deliver',
            'value' in reply ? [id, true, reply.value] : [id, false, reply.exception, reply.message],
          );
      });
    },
  };
}

const SPOILT = { exception: 'Error', message: 'the script changed what the gateway needs of its world', stack: '' };

/** What the script's world threw at us. */
class ScriptFault extends Error {
  readonly words: { readonly name: string; readonly message: string; readonly stack: string };
  constructor(words: ScriptFault['words']) {
    super(words.message);
    this.words = words;
  }
}

function evaluate({ context }: Running, code: string, name: string): QuickJSHandle {
  const result = context.evalCode(code, name);
  if (result.error) throw faultOf(context, result.error);
  return result.value;
}

type Argument = QuickJSHandle | string | number | boolean;

/** Calls a function of the prelude; gives its text. */
function invoke({ context, bridge }: Running, name: string, args: readonly Argument[]): string {
  if (bridge === undefined) throw new Error('the prelude is not there');
  const made: QuickJSHandle[] = [];
  const handleOf = (value: Argument): QuickJSHandle => {
    if (typeof value === 'boolean') return value ? context.true : context.false;
    if (typeof value === 'object') return value;
    const handle = typeof value === 'string' ? context.newString(value) : context.newNumber(value);
    made.push(handle);
    return handle;
  };
  const handles = args.map(handleOf);
  const member = context.getProp(bridge, name);
  const result = context.callFunction(member, context.undefined, ...handles);
  for (const handle of [member, ...made]) handle.dispose();
  if (result.error) throw faultOf(context, result.error);
  const text = context.typeof(result.value) === 'string' ? context.getString(result.value) : '';
  result.value.dispose();
  return text;
}

function faultOf(context: QuickJSContext, error: QuickJSHandle): ScriptFault {
  const text = (name: string): string => {
    const member = context.getProp(error, name);
    const value = context.typeof(member) === 'string' ? context.getString(member) : '';
    member.dispose();
    return value;
  };
  const words = { name: text('name') || 'Error', message: text('message'), stack: text('stack') };
  error.dispose();
  return new ScriptFault(words);
}
