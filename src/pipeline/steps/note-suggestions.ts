/** Step: what a model suggests to do with the gateway's tools stands in the ledger before its caller can see it. */

import type { Call, ModelCall, ModelStep } from '../../contracts/call.ts';
import type { ToolCallPart } from '../../contracts/chat.ts';
import type { AnswerReaders, InjectedTools, ModelOutcome } from '../../contracts/models.ts';
import type { Suggestion } from '../../contracts/suggestions.ts';
import { callsIn, createCollectCalls } from '../../domain/models/collect-calls.ts';
import type { Catalog } from '../../domain/tools/catalog.ts';
import { endpointKey, resolveNamed } from '../../domain/tools/resolve.ts';
import { type AimMeta, aimOrNone } from '../codemode/aim.ts';
import { callerOf, type GrantOf } from '../grants.ts';
import { argumentsHash } from '../ledger/arguments-hash.ts';
import { bringsResults, resultIdsOf } from '../ledger/brought-results.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Judge } from './decide-policy.ts';

export interface NoteSuggestionsDeps {
  readonly ledger: Ledger;
  readonly grantOf: GrantOf;
  readonly catalog: () => Catalog;
  /** Undefined: the gateway has no tools of its own. */
  readonly aimMeta?: AimMeta | undefined;
  /** Undefined: there are no rules. */
  readonly judge: Judge | undefined;
  readonly readers: AnswerReaders;
  readonly expireAfterMs: number;
  readonly now: () => number;
  readonly randomHex: (digits: number) => string;
  /** A suggestion was made: for the trail. */
  readonly onMade: (suggestion: Suggestion, call: Call) => void;
}

const ID_DIGITS = 24;
/** Of one answer; a model that suggests more is not helped by a ledger. */
const MAX_SUGGESTIONS = 256;

/** Of what dialects call calls of tools; an escape might stand in a name. */
const CALL_SIGN = /tool_|unction|\\u/;

/** Whether an answer may have calls of tools in it: most have none, and are not read for it. */
function mayCallTools(text: string): boolean {
  return CALL_SIGN.test(text);
}

export function createNoteSuggestions(deps: NoteSuggestionsDeps): ModelStep {
  const namesOf = createNamesOf();

  const note = async (call: ModelCall, injected: InjectedTools, calls: readonly ToolCallPart[]): Promise<void> => {
    const names = namesOf(injected);
    const known = call.facts.suggestions ?? [];
    const ours = calls.filter(({ name }) => names.has(name)).slice(0, Math.max(0, MAX_SUGGESTIONS - known.length));
    if (ours.length === 0) return;
    const made = ours.flatMap((part) => describe(deps, call, part) ?? []);
    await deps.ledger.store.add(made);
    for (const suggestion of made) deps.onMade(suggestion, call);
    call.facts.suggestions = [...known, ...made.map(({ id, toolCallId }) => ({ id, toolCallId }))];
  };

  const noteIn = async (call: ModelCall, injected: InjectedTools, outcome: ModelOutcome): Promise<ModelOutcome> => {
    if (call.model.operation !== 'chat') return outcome;
    const { dialect, streamForm } = call.model;
    if (outcome.type === 'chat') {
      const { lane, value } = outcome.answer;
      if (lane === 'pass' && !mayCallTools(value)) return outcome;
      const answer = lane === 'pass' ? deps.readers(dialect, 'sse')?.whole(value) : value;
      if (answer !== undefined) await note(call, injected, callsIn(answer));
      return outcome;
    }
    if (outcome.type !== 'chat-stream') return outcome;
    const collect = createCollectCalls();
    const { stream } = outcome;
    const noteAny = (calls: readonly ToolCallPart[]): Promise<void> | undefined =>
      calls.length === 0 ? undefined : note(call, injected, calls);
    if (stream.lane === 'neutral') {
      const value = whileRead(stream.value, (events) => noteAny(collect(events)));
      return { ...outcome, stream: { lane: 'neutral', value } };
    }
    const read = deps.readers(dialect, streamForm ?? 'sse')?.stream();
    if (read === undefined) return outcome;
    const value = whileRead(stream.value, (bytes) => noteAny(collect(read(bytes))));
    return { ...outcome, stream: { lane: 'pass', value } };
  };

  return (call, next) => {
    const { injected } = call.facts;
    if (injected === undefined) return next();
    const goOn = async (): Promise<ModelOutcome> => noteIn(call, injected, await next());
    call.facts.runId = call.runId ?? call.id;
    if (call.runId !== undefined || !bringsResults(call.params)) return goOn();
    return findConversation(deps.ledger, call).then((runId) => {
      call.facts.runId = runId;
      return goOn();
    });
  };
}

/** That of the suggestions whose results the request brings; where there are none, it begins one. */
async function findConversation({ store }: Ledger, call: ModelCall): Promise<string> {
  const ids = resultIdsOf(call);
  const found = ids.length === 0 ? [] : await store.findByToolCall(callerOf(call).keyId, ids);
  return found[0]?.runId ?? call.id;
}

/** Undefined: nobody can call it any more. */
function describe(deps: NoteSuggestionsDeps, call: ModelCall, part: ToolCallPart): Suggestion | undefined {
  const caller = callerOf(call);
  const { endpoint } = call;
  const grant = deps.grantOf(caller, call.narrowing, endpoint);
  const text = part.arguments.trim() || '{}';
  const own = resolveNamed(deps.catalog(), endpoint, 'tools', part.name, grant.allows);
  const aim =
    own === undefined ? aimOrNone(deps.aimMeta, { ...call, surface: 'execute' }, part.name, text, grant) : undefined;
  const item = own ?? aim?.item;
  if (item === undefined) return undefined;
  // What is carried out, and so what it is held to, is what `call_tool` names.
  const args = aim?.arguments ?? text;
  const id = `sug_${deps.randomHex(ID_DIGITS)}`;
  const atMs = deps.now();
  const { provider, model } = call.facts.model ?? {};
  return {
    ...{ id, source: 'model', runId: call.facts.runId ?? call.id, callId: call.id, keyId: caller.keyId },
    model: provider === undefined ? undefined : `${provider}/${model ?? ''}`,
    dialect: 'dialect' in call.model && call.model.operation === 'chat' ? call.model.dialect : undefined,
    toolCallId: part.id === '' ? undefined : part.id,
    ...{ endpoint: endpointKey(endpoint), name: part.name, serverId: item.serverId, target: item.name },
    ...{ argumentsHash: argumentsHash(args), sealedArguments: deps.ledger.sealArguments(id, text) },
    verdict: verdictOf(deps, call, part.name, args, item),
    ...{ atMs, expiresAtMs: atMs + deps.expireAfterMs },
    ...{ state: 'open', executionId: undefined, sealedResult: undefined, endedAtMs: undefined },
  };
}

/** What the rules say now, for whoever looks at it; they are asked again when it is carried out. */
function verdictOf(
  { judge }: NoteSuggestionsDeps,
  call: ModelCall,
  name: string,
  text: string,
  item: NonNullable<ReturnType<typeof resolveNamed>>,
): Suggestion['verdict'] {
  if (judge === undefined) return 'allow';
  const { serverId, name: target, tool } = item;
  const params = { text: `{"name":${JSON.stringify(name)},"arguments":${text}}`, value: {} };
  const facts = { ...(call.facts.caller && { caller: call.facts.caller }), serverId, target, ...(tool && { tool }) };
  try {
    return judge({ ...call, kind: 'tools.call', name, params, facts }).action;
  } catch {
    // Arguments that no rule can read are refused when it comes to that.
    return 'deny';
  }
}

/** Lists are shared by all requests with the same view. */
function createNamesOf(): (injected: InjectedTools) => ReadonlySet<string> {
  const known = new WeakMap<InjectedTools, ReadonlySet<string>>();
  return (injected) => {
    let names = known.get(injected);
    if (names === undefined) {
      names = new Set(injected.tools.map(({ name }) => name));
      known.set(injected, names);
    }
    return names;
  };
}

/** The same stream; each item is handed out when what is to be done about it is done. */
function whileRead<T>(stream: AsyncIterable<T>, onItem: (item: T) => Promise<void> | undefined): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      const inner = stream[Symbol.asyncIterator]();
      return {
        async next() {
          const result = await inner.next();
          const noted = result.done === true ? undefined : onItem(result.value);
          if (noted !== undefined) await noted;
          return result;
        },
        return: () => inner.return?.() ?? Promise.resolve({ done: true, value: undefined }),
      };
    },
  };
}
