/** The other side of a script: each tool it calls is an ordinary call through the one door, with the script's as its parent. */

import type { Call, Gateway } from '../../contracts/call.ts';
import type { CallSignal } from '../../contracts/call-signal.ts';
import { type ErrorCode, GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { ClientPeer } from '../../contracts/peer.ts';
import type { HostAnswer, HostCall, SandboxHost } from '../../contracts/sandbox.ts';
import type { SuggestionRef } from '../../contracts/suggestions.ts';
import type { ScriptCall } from '../../domain/codemode/run-report.ts';
import { type MediaBlock, unwrapResult } from '../../domain/codemode/unwrap-result.ts';
import { type NestedDeps, toolCall } from '../agent/nested-call.ts';
import type { CodeTool, CodeView } from './code-view.ts';
import type { Ambient, ScriptLanguage } from './script-language.ts';
import { createSeats } from './seats.ts';

export interface HostDeps extends NestedDeps {
  readonly enter: Pick<Gateway, 'call'>;
  readonly random: () => number;
  /** Why this tool may not be called in such a call, whatever its grant says; undefined: it may. */
  readonly hindranceOf: (call: Call, tool: CodeTool) => string | undefined;
  /** A tool gave this: its shape may be learnt. */
  readonly learn: (call: Call, tool: CodeTool, value: JsonText) => void;
}

/** A call that waits for a person. */
export interface OpenCall {
  readonly id: number;
  readonly namespace: string;
  readonly method: string;
  readonly arguments: JsonText;
  readonly approvalId: string;
  readonly suggestionId: string;
}

/** What is kept of a run beyond its interpreter. */
export interface RunTrace {
  readonly calls: ScriptCall[];
  readonly open: Map<number, OpenCall>;
  readonly media: Map<string, MediaBlock>;
  mediaBytes: number;
  printed: string;
}

export interface HostParent {
  readonly call: Call;
  readonly runId: string;
  readonly signal: CallSignal;
  readonly view: CodeView;
  readonly language: ScriptLanguage;
  /** Of the language, for this script. */
  readonly globals: ReadonlySet<string>;
  /** The answer of a tool as this script takes it. */
  readonly taken: (answer: HostAnswer) => HostAnswer;
  readonly maxPrintBytes: number;
  /** Under way at once. */
  readonly maxParallelCalls: number;
}

export interface ScriptHost extends SandboxHost {
  /** A call that waited for a person goes on, or waits on. */
  callAgain(open: OpenCall): Promise<HostAnswer>;
}

const SEARCH_NAMESPACE = 'tools';
const SEARCH_LIMIT = 8;
/** Of media that one run may hold; more are refused. */
const MAX_MEDIA_BYTES = 16_777_216;

export function createScriptHost(deps: HostDeps, parent: HostParent, trace: RunTrace): ScriptHost {
  const { call, view, language, globals } = parent;
  const ambient: Ambient = { now: deps.now, random: deps.random };
  const nested = { call, runId: parent.runId, signal: parent.signal, peer: quietPeer(call.peer) };

  const callTool = async (of: HostCall, tool: CodeTool, args: JsonText, ref?: SuggestionRef): Promise<HostAnswer> => {
    const hindrance = deps.hindranceOf(call, tool);
    if (hindrance !== undefined) return raised('PermissionError', `${tool.path}: ${hindrance}`);
    const startedMs = deps.monotonicMs();
    const done = (ok: boolean): void => {
      trace.calls.push({ tool: tool.path, durationMs: Math.round(deps.monotonicMs() - startedMs), ok });
      tellProgress(call, trace.calls.length, tool.path);
    };
    const value = JSON.parse(args) as { readonly [name: string]: unknown };
    const made = toolCall(deps, nested, { name: tool.shownName, arguments: args }, value, ref, 'code');
    try {
      const outcome = await deps.enter.call(made);
      const unwrapped = unwrapResult(
        outcome.type,
        outcome.text,
        () => `media_${call.id.slice(-6)}_${trace.media.size + 1}`,
      );
      done(unwrapped.type === 'value');
      if (unwrapped.type === 'error') return raised('RuntimeError', unwrapped.message);
      if (!keepMedia(trace, unwrapped.media)) return raised('MemoryError', 'a run can hold 16 MB of media');
      if (unwrapped.media.length === 0) deps.learn(call, tool, unwrapped.value);
      return { type: 'value', value: unwrapped.value };
    } catch (error) {
      if (!(error instanceof GatewayError)) {
        done(false);
        throw error;
      }
      const asked = askedOf(error);
      if (asked !== undefined) {
        trace.open.set(of.id, { id: of.id, namespace: of.namespace, method: of.method, arguments: args, ...asked });
        return { type: 'suspend' };
      }
      done(false);
      return raised(exceptionOf(error.code), error.message);
    } finally {
      const { priceMicroUsd } = made.facts;
      if (priceMicroUsd !== undefined) call.facts.nestedMicroUsd = (call.facts.nestedMicroUsd ?? 0) + priceMicroUsd;
    }
  };

  const answerTools = (of: HostCall): HostAnswer => {
    const [first, second] = JSON.parse(of.positional) as unknown[];
    const named = JSON.parse(of.named) as { readonly [name: string]: unknown };
    const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
    const wish = {
      server: text(named.server ?? second),
      limit: typeof named.limit === 'number' ? named.limit : SEARCH_LIMIT,
    };
    if (of.method === 'search') return told(view.search({ ...wish, query: text(first ?? named.query), names: [] }));
    if (of.method === 'help') {
      const name = text(first ?? named.name);
      return told(view.search({ ...wish, query: undefined, names: name === undefined ? [] : [name] }));
    }
    return raised('AttributeError', `tools has search and help, no ${of.method}`);
  };

  const inTurn = createSeats(parent.maxParallelCalls);
  const guarded = (work: () => Promise<HostAnswer>): Promise<HostAnswer> =>
    inTurn(work)
      .catch((error: unknown) =>
        raised('RuntimeError', parent.signal.aborted ? 'cancelled' : `the gateway failed (${nameOf(error)})`),
      )
      .then(parent.taken);

  return {
    now: deps.now,
    has: (name) => name === SEARCH_NAMESPACE || globals.has(name) || view.namespaces().has(name),
    isFunction: (name) => language.isFunction(name),
    names: () => [SEARCH_NAMESPACE, ...globals, ...view.namespaces()],
    print(text) {
      if (trace.printed.length < parent.maxPrintBytes) trace.printed += text;
    },
    call(of) {
      if (of.namespace === '' || globals.has(of.namespace))
        return language.answer(of, ambient) ?? raised('NameError', `name '${of.method}' is not defined`);
      if (of.namespace === SEARCH_NAMESPACE) return Promise.resolve(answerTools(of));
      const tool = view.find(of.namespace, of.method);
      if (tool === undefined) {
        const nearest = view.nearest(of.namespace, of.method);
        const instead = nearest === undefined ? '' : `; did you mean ${of.namespace}.${nearest}?`;
        return raised('AttributeError', `${of.namespace} has no tool ${of.method}${instead}`);
      }
      const args = tool.toArguments(of.positional, of.named);
      if ('fault' in args) return raised('TypeError', `${tool.path}: ${args.fault}`);
      return guarded(() => callTool(of, tool, args.text));
    },
    callAgain(open) {
      const tool = view.find(open.namespace, open.method);
      trace.open.delete(open.id);
      if (tool === undefined)
        return Promise.resolve(raised('AttributeError', `${open.namespace}.${open.method} is not there any more`));
      const of: HostCall = { ...open, positional: '[]', named: '{}' };
      return guarded(() => callTool(of, tool, open.arguments, { type: 'id', id: open.suggestionId }));
    },
  };
}

const raised = (exception: string, message: string): HostAnswer => ({ type: 'error', exception, message });
const told = (text: string): HostAnswer => ({ type: 'value', value: JSON.stringify(text) });
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'unknown');

function askedOf({ code, data }: GatewayError): { approvalId: string; suggestionId: string } | undefined {
  const { approvalId, suggestionId } = data ?? {};
  if (code !== 'approval_required' || typeof approvalId !== 'string' || typeof suggestionId !== 'string')
    return undefined;
  return { approvalId, suggestionId };
}

/** Of those that every Python has. */
function exceptionOf(code: ErrorCode): string {
  switch (code) {
    case 'denied_by_policy':
    case 'approval_required':
    case 'approval_rejected':
    case 'connection_required':
    case 'user_required':
    case 'exchange_refused':
      return 'PermissionError';
    case 'invalid_params':
      return 'ValueError';
    case 'unknown_tool':
      return 'AttributeError';
    case 'upstream_timeout':
      return 'TimeoutError';
    default:
      return 'RuntimeError';
  }
}

function keepMedia(trace: RunTrace, blocks: readonly MediaBlock[]): boolean {
  for (const block of blocks) {
    trace.mediaBytes += block.block.length;
    if (trace.mediaBytes > MAX_MEDIA_BYTES) return false;
    trace.media.set(block.name, block);
  }
  return true;
}

/** A client hears of the run, not of what each tool of it reports; what only it could answer is not asked of a modern one. */
function quietPeer(peer: ClientPeer): ClientPeer {
  const { era, protocolVersion, info, session, logLevel } = peer;
  const isModern = era === 'modern';
  return {
    ...{ era, protocolVersion, info, session, logLevel, progressToken: undefined, awaitsTasks: true },
    capabilities: isModern ? '{}' : peer.capabilities,
    ask: isModern ? undefined : peer.ask,
    notify: (method, params) => peer.notify(method, params),
  };
}

function tellProgress({ peer }: Call, done: number, tool: string): void {
  if (peer.progressToken === undefined) return;
  const message = JSON.stringify(`${tool} (${done})`);
  peer.notify(
    'notifications/progress',
    `{"progressToken":${peer.progressToken},"progress":${done},"message":${message}}`,
  );
}
