/** Step: where its key has agent mode, the gateway itself runs the tools that the model calls, and asks it again, until there is an answer. */

import type { ApprovalStore } from '../../contracts/approvals.ts';
import type { Gateway, ModelCall, ModelGateway, ModelStep } from '../../contracts/call.ts';
import type { ChatAnswer, ChatEvent } from '../../contracts/chat.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import { type ModelOutcome, ProviderFailure } from '../../contracts/models.ts';
import type { RunStore } from '../../contracts/runs.ts';
import type { RecordSealer } from '../../contracts/sealing.ts';
import type { SuggestionStore } from '../../contracts/suggestions.ts';
import type { Trail } from '../../contracts/trail.ts';
import type { CompiledAgentRules } from '../../domain/agent/agent-rules.ts';
import type { HintsOf } from '../../domain/policy/tool-hints.ts';
import type { Catalog } from '../../domain/tools/catalog.ts';
import { resolveNamed } from '../../domain/tools/resolve.ts';
import { createAgentRulesOf } from '../agent/agent-rules-of.ts';
import { type DriveDeps, driveRun, type RunRest } from '../agent/drive-run.ts';
import { endOf, endRun, errorOf } from '../agent/end-run.ts';
import { createEventPipe } from '../agent/event-pipe.ts';
import { createKeepWaiting } from '../agent/keep-waiting.ts';
import { type LiveRun, type RunVoice, tellAlive } from '../agent/live-run.ts';
import type { ChatCall } from '../agent/nested-call.ts';
import { followRun } from '../agent/run-record.ts';
import { takeUp } from '../agent/take-up.ts';
import { type AimMeta, aimOrNone } from '../codemode/aim.ts';
import { callerOf, type GrantOf } from '../grants.ts';

/** Proxies cut what is silent for a minute, some after half of that. */
const ALIVE_MS = 15_000;

export interface RunAgentDeps {
  readonly enter: Pick<Gateway, 'call'> & ModelGateway;
  readonly catalog: () => Catalog;
  readonly grantOf: GrantOf;
  readonly hintsOf: HintsOf;
  /** Undefined: the gateway has no tools of its own. */
  readonly aimMeta?: AimMeta | undefined;
  readonly approvals: ApprovalStore | undefined;
  readonly approvalWaitMs: number;
  readonly runs: RunStore | undefined;
  readonly suggestions: SuggestionStore | undefined;
  readonly recordSealer: RecordSealer | undefined;
  readonly trail: Trail;
  readonly newId: () => string;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  readonly monotonicMs: () => number;
  readonly log: Log | undefined;
  /** False: answers do not tell usage and cost in their headers. */
  readonly tellsUsage: boolean;
}

export function createRunAgent(deps: RunAgentDeps): ModelStep {
  const rulesOf = createAgentRulesOf();
  const waiting = createKeepWaiting({ isStored: deps.runs !== undefined, sealer: deps.recordSealer, now: deps.now });
  const drive: DriveDeps = {
    ...deps,
    waiting,
    toolOf({ call }, { name, arguments: args }) {
      // By what went along with this very round: the catalog may have changed since the first.
      if (call.facts.injected?.tools.some((tool) => tool.name === name) !== true) return undefined;
      const grant = deps.grantOf(callerOf(call), call.narrowing, call.endpoint);
      const own = resolveNamed(deps.catalog(), call.endpoint, 'tools', name, grant.allows);
      const aim =
        own === undefined ? aimOrNone(deps.aimMeta, { ...call, surface: 'agent' }, name, args, grant) : undefined;
      const item = own ?? aim?.item;
      if (item === undefined) return undefined;
      return {
        isSearch: aim?.meta === 'search_tools',
        serverId: item.serverId,
        name: item.name,
        hints: deps.hintsOf(item.serverId, item.name, item.tool?.text ?? '{}'),
      };
    },
  };

  const start = async (call: ChatCall, rules: CompiledAgentRules): Promise<ModelOutcome> => {
    const { run: taken, messages, waits, before } = await takeUp({ ...deps, waiting }, call);
    call.facts.runId = taken.id;
    if (!deps.tellsUsage) call.facts.hidesUsage = true;
    const controller = new AbortController();
    const abort = (why: LiveRun['why']): void => {
      run.why ??= why;
      controller.abort();
    };
    const onGone = (): void => abort('disconnected');
    const pipe = call.model.stream ? createEventPipe(onGone) : undefined;
    const voice: RunVoice | undefined = pipe && {
      push: pipe.push,
      pushIfIdle: pipe.pushIfIdle,
      hasBegun: false,
      parts: 0,
    };
    const durationMs = Math.min(rules.maxDurationMs, call.model.wishes.timeoutMs ?? rules.maxDurationMs);
    const record = followRun(deps, taken, { cancel: () => abort('cancelled'), lost: () => abort('lost') });
    const run: LiveRun = {
      ...{ parent: { call, runId: taken.id, signal: controller.signal }, rules, record, voice, durationMs },
      ...{ startedMs: deps.monotonicMs(), messages, hidden: [], waits, rounds: taken.rounds, calls: taken.calls },
      usage: before && { inputTokens: before.inputTokens, outputTokens: before.outputTokens },
      costMicroUsd: before?.costMicroUsd,
      ...{ executed: [], why: undefined, round: undefined },
    };
    call.signal.addEventListener('abort', onGone);
    const timer = setTimeout(() => abort('max-duration'), durationMs).unref();
    const alive = voice && setInterval(() => tellAlive(run), ALIVE_MS).unref();
    if (call.signal.aborted) onGone();

    const finish = async (): Promise<RunRest> => {
      try {
        const rest = await driveRun(drive, run);
        if (rest.end !== undefined) await endRun(deps, run, 'done', rest.end);
        return rest;
      } catch (error) {
        const { state, end } = endOf(run, error);
        // Nothing came of taking it up: its caller may try again.
        const isUntouched = before !== undefined && run.rounds === before.rounds && run.why === undefined;
        if (isUntouched)
          await record.write({ state: 'waiting', pending: before.pending, sealedState: before.sealedState });
        else await endRun(deps, run, state, end);
        throw errorOf(run, error);
      } finally {
        record.close();
        clearTimeout(timer);
        clearInterval(alive);
        call.signal.removeEventListener('abort', onGone);
        controller.abort();
        tellFigures(run);
      }
    };
    if (pipe === undefined || voice === undefined) {
      const rest = await finish();
      return { type: 'chat', answer: { lane: 'neutral', value: answerOf(run, rest) } };
    }
    void finish().then(
      async (rest) => {
        await pipe.push(lastEvents(run, voice, rest));
        pipe.end();
      },
      (error: unknown) => pipe.fail(error),
    );
    await pipe.begun;
    return { type: 'chat-stream', stream: { lane: 'neutral', value: pipe.stream }, contentType: 'text/event-stream' };
  };

  return (call, next) => {
    if (call.inRun === true || call.facts.injected === undefined || !isChat(call)) return next();
    const rules = rulesOf(callerOf(call));
    const wish = call.model.wishes.agent;
    if (rules === undefined) {
      if (wish === 'on') throw new GatewayError('invalid_request', 'x-portcullis-agent: this key has no agent mode');
      return next();
    }
    if (wish === 'off' || (wish === undefined && rules.mode === 'off')) return next();
    checkForm(call);
    return start(call, rules);
  };
}

const isChat = (call: ModelCall): call is ChatCall => call.model.operation === 'chat';

/** A run has to understand the request, and gives one answer. */
function checkForm({ model }: ChatCall): void {
  const refuse = (reason: string): never => {
    throw new GatewayError('invalid_request', `agent mode: ${reason}; x-portcullis-agent: off goes without`);
  };
  if (model.passOnly !== undefined) refuse(model.passOnly);
  try {
    if ((model.chat().choices ?? 1) > 1) refuse('a run gives one answer, and several are asked for');
  } catch (error) {
    if (error instanceof ProviderFailure) refuse(error.publicText ?? 'the request can only be forwarded as it came');
    throw error;
  }
}

/** For the headers of the answer; what is counted are the rounds. */
function tellFigures({ parent, round, usage, costMicroUsd }: LiveRun): void {
  const { provider, model } = round?.facts.model ?? {};
  parent.call.facts.run = { provider, model, usage, costMicroUsd };
}

function answerOf(run: LiveRun, { round, parts, stop, portcullis }: RunRest): ChatAnswer {
  const { stopSequence, head } = round;
  const choice = { parts, stop, ...(stopSequence !== undefined && stop === round.stop && { stopSequence }) };
  return { ...head, choices: [choice], usage: run.usage, portcullis };
}

/** The rest of a stream: what is left to its caller, what the gateway says, and the end. */
function lastEvents(run: LiveRun, voice: RunVoice, { round, parts, stop, portcullis, state }: RunRest): ChatEvent[] {
  const calls = parts.flatMap((value): ChatEvent[] => {
    if (value.type !== 'tool-call') return [];
    const at = { choice: 0, part: voice.parts++ };
    return [
      { type: 'part-start', ...at, value: { ...value, arguments: '' } },
      { type: 'delta', ...at, text: value.arguments },
      { type: 'part-end', ...at },
    ];
  });
  const { stopSequence } = round;
  return [
    ...calls,
    { type: 'portcullis', value: { type: state === 'waiting' ? 'run.waiting' : 'run.ended', ...portcullis } },
    ...(run.usage === undefined ? [] : [{ type: 'usage', usage: run.usage } as const]),
    { type: 'choice-end', choice: 0, stop, ...(stopSequence !== undefined && stop === round.stop && { stopSequence }) },
    { type: 'end' },
  ];
}
