/** Clears up behind suggestions, approvals, runs and OAuth grants: what expired, what was lost with its process, what is old. One place for all of it. */

import type { Approval, ApprovalStore } from '../contracts/approvals.ts';
import type { CodeStateStore } from '../contracts/codemode.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import type { JsonObject } from '../contracts/json.ts';
import type { Log } from '../contracts/log.ts';
import type { OAuthStore } from '../contracts/oauth-store.ts';
import type { AgentRun, RunStore } from '../contracts/runs.ts';
import type { SuggestionKeeper } from '../contracts/suggestions.ts';
import type { ApprovalEventKind, CallIntent, ResultClass, Trail } from '../contracts/trail.ts';
import type { TrailReading } from './open-stores.ts';

const EVERY_MS = 30_000;
/** Replicas that were started together should not clear up together. */
const JITTER = 0.2;
const MAX_LOST_RUNS = 1_000;
const BATCH = 100;
const PRUNE_BATCH = 500;
/** Of one kind, in one round. */
const MAX_BATCHES = 50;
const DEFAULT_KEEP_RESULTS_MS = 86_400_000;
/** Approvals and runs are looked at by people for some time after they ended. */
const KEEP_HISTORY_MS = 7 * 86_400_000;

export interface HousekeepingDeps {
  readonly suggestions: SuggestionKeeper;
  readonly approvals: ApprovalStore;
  readonly runs: RunStore;
  readonly codeStates: CodeStateStore;
  readonly trail: Pick<Trail, 'intend' | 'finish'>;
  /**
   * Of `trail`, how calls ended, those of processes before this one included, which have to be folded. Without a `database` nobody
   * else executes: by the lock on the data directory.
   */
  readonly stores: {
    trail(): Promise<Pick<TrailReading, 'query'>>;
    readonly database: object | undefined;
    /** Of the authorization server. */
    oauth(): Promise<Pick<OAuthStore, 'sweep'>>;
  };
  readonly config: () => GatewayConfig;
  readonly now: () => number;
  /** 0 to 1, exclusive. Default `Math.random`. */
  readonly random?: (() => number) | undefined;
  readonly newId: () => string;
  readonly randomHex: (digits: number) => string;
  readonly log: Log;
  /** Nobody decided in time. The trail knows already; must not throw. */
  readonly onExpired?: ((approval: Approval) => void) | undefined;
}

export interface Housekeeping extends AsyncDisposable {
  /** One round, as one begins every half minute. Rejects if a store cannot be reached. */
  now(): Promise<void>;
}

/** First gives up what earlier processes had taken and never ended; then looks every half minute until it is disposed of. */
export async function keepHouse(deps: HousekeepingDeps): Promise<Housekeeping> {
  const { log, random = Math.random } = deps;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let isOver = false;
  let isFailing = false;

  const round = (): Promise<void> => {
    running ??= clearUp(deps, () => isOver).finally(() => {
      running = undefined;
    });
    return running;
  };
  const wait = (): void => {
    const share = 1 - JITTER + 2 * JITTER * random();
    timer = setTimeout(run, EVERY_MS * share).unref();
  };
  const run = async (): Promise<void> => {
    try {
      await round();
      isFailing = false;
    } catch (error) {
      if (!isFailing && !isOver) log.warn('suggestions, approvals and runs cannot be cleared up for now', { error });
      isFailing = true;
    }
    if (!isOver) wait();
  };

  await giveUpLost(deps);
  wait();
  return {
    now: round,
    async [Symbol.asyncDispose]() {
      isOver = true;
      clearTimeout(timer);
      await running?.catch(() => undefined);
    },
  };
}

/** What a process took that is gone: nobody will ever hear how it ended. */
async function giveUpLost(deps: HousekeepingDeps): Promise<void> {
  const { suggestions, stores, now, log } = deps;
  const isAlone = stores.database === undefined;
  if (isAlone) await giveUpRuns(deps);
  const reading = await stores.trail();
  const lost: string[] = [];
  for (const { executionId } of await suggestions.running(1_000)) {
    if (executionId === undefined) continue;
    // Alone here, so that none of it is under way. Beside others, one that the trail does not call unknown may be; its lease tells.
    if (isAlone || (await endOf(reading, executionId)) === 'unknown') lost.push(executionId);
  }
  if (lost.length === 0) return;
  await suggestions.abandon(lost, now());
  log.warn('tool calls were under way when the gateway ended: how they ended is not known', { count: lost.length });
}

/** Alone here, so that nobody drives them any more; beside others their leases tell. */
async function giveUpRuns(deps: HousekeepingDeps): Promise<void> {
  const { runs, now } = deps;
  for (const run of await runs.list({ state: 'running', limit: MAX_LOST_RUNS })) {
    const lost: AgentRun = { ...run, state: 'failed', end: 'lost', updatedAtMs: now(), pending: [] };
    if (await runs.replace(lost, run.version)) note(deps, lossOf(run), 'unknown');
  }
}

async function endOf(reading: Pick<TrailReading, 'query'>, id: string): Promise<ResultClass | undefined> {
  for await (const row of reading.query({ id })) return row.result;
  return undefined;
}

async function clearUp(deps: HousekeepingDeps, isOver: () => boolean): Promise<void> {
  const { suggestions, approvals, runs, codeStates, now } = deps;
  const inBatches = async (size: number, work: () => Promise<number>): Promise<void> => {
    for (let batch = 0; batch < MAX_BATCHES && !isOver(); batch++) {
      if ((await work()) < size) return;
      // Whoever calls a tool goes first.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await inBatches(BATCH, async () => {
    const expired = await approvals.expire(now(), BATCH);
    for (const approval of expired) {
      note(deps, expiryOf(approval), 'refused');
      deps.onExpired?.(approval);
    }
    return expired.length;
  });
  await inBatches(BATCH, async () => (await suggestions.reap(now(), BATCH)).length);
  await inBatches(BATCH, async () => {
    const lost = await runs.reap(now(), BATCH);
    for (const run of lost) note(deps, lossOf(run), 'unknown');
    return lost.length;
  });
  const keepResultsMs = deps.config().approvals?.keepResultsMs ?? DEFAULT_KEEP_RESULTS_MS;
  await inBatches(PRUNE_BATCH, () => suggestions.prune(now() - keepResultsMs));
  await inBatches(PRUNE_BATCH, () => approvals.prune(now() - KEEP_HISTORY_MS));
  await inBatches(PRUNE_BATCH, () => runs.prune(now() - KEEP_HISTORY_MS));
  await inBatches(BATCH, () => codeStates.dropExpired(now(), BATCH));
  const oauth = await deps.stores.oauth();
  const unusedMs = deps.config().authorizationServer?.registration.unusedMs ?? DEFAULT_KEEP_RESULTS_MS;
  await inBatches(BATCH, () => oauth.sweep(now(), now() - unusedMs, BATCH));
}

type Event = Pick<
  CallIntent,
  'keyId' | 'keyName' | 'userId' | 'serverId' | 'name' | 'target' | 'runId' | 'suggestionId'
> & {
  readonly kind: ApprovalEventKind;
  readonly about: JsonObject;
};

function expiryOf({ id, rule, keyId, keyName, userId, serverId, name, target, runId, suggestionId }: Approval): Event {
  const of = { keyId, keyName, userId, serverId, name, target, runId, suggestionId };
  return { kind: 'approval.expired', ...of, about: { approval: id, rule } };
}

function lossOf({ id, keyId, keyName, userId, model, rounds, calls }: AgentRun): Event {
  const of = { keyId, keyName, userId, serverId: undefined, name: model, target: undefined, runId: id };
  return { kind: 'run.ended', ...of, about: { end: 'lost', rounds, calls } };
}

/** Ahead, so that it is in the trail even if the process dies now. */
function note({ trail, newId, randomHex, now, log }: HousekeepingDeps, event: Event, result: ResultClass): void {
  const { about, ...of } = event;
  const id = newId();
  const complain = (error: unknown): void =>
    log.error('what expired or was lost could not be put into the trail', { kind: of.kind, name: of.name, error });
  try {
    const written = trail.intend({
      ...of,
      ...{ id, parentId: undefined, traceId: randomHex(32), atMs: now(), surface: 'gateway', client: undefined },
      arguments: JSON.stringify(about),
    });
    if (written instanceof Promise) written.catch(complain);
    trail.finish({ id, result, error: undefined, resultBytes: 0, totalMs: 0, upstreamMs: 0 });
  } catch (error) {
    complain(error);
  }
}
