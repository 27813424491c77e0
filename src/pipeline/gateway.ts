/** The one door in. Holds the pipeline of the current configuration; a call runs on the one that was current when it began. */

import type { Call, Gateway, ModelGateway, SuggestionGateway } from '../contracts/call.ts';
import type { CallSignal } from '../contracts/call-signal.ts';
import type { Caller } from '../contracts/caller.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import { GatewayError } from '../contracts/errors.ts';
import type { LimitStore, QueueFigures } from '../contracts/limits.ts';
import type { SuggestionStore } from '../contracts/suggestions.ts';
import type { WebhookEvent } from '../contracts/webhooks.ts';
import { endpointOf } from '../domain/tools/resolve.ts';
import { type AccessTokens, createAdmission } from './authorization/admission.ts';
import { createLearntShapes } from './codemode/learnt-shapes.ts';
import { createMemoryCodeStates } from './codemode/memory-code-states.ts';
import { reportUsers } from './directory/report-users.ts';
import { servesToolset } from './grants.ts';
import { createKeptResults } from './kept-results.ts';
import { createLedger } from './ledger/ledger.ts';
import { createBudgetAlerts } from './limits/budget-alerts.ts';
import { createFairQueues } from './limits/fair-queues.ts';
import { createGuardedLimits } from './limits/guarded-limits.ts';
import { createModelHealth, type ModelStatus } from './models/model-health.ts';
import { createPipeline, type Pipeline, type PipelineDeps } from './pipeline.ts';
import { startSpan } from './trace.ts';
import { createWatches } from './watches.ts';

export type SwappableGateway = Gateway &
  ModelGateway &
  SuggestionGateway & {
    config(): GatewayConfig;
    /** Whom a key stands for now; one who may see nothing where it is gone. */
    callerOfKey(keyId: string): Caller;
    /** Puts a new configuration in force for every call that begins from now on. */
    swap(config: GatewayConfig): void;
    /** Follows keys that other processes created or revoked. */
    refreshKeys(): void;
    /** How the models that were called have answered of late, of those this caller may use. */
    modelStatus(caller: Caller): readonly ModelStatus[];
    /** Of calls that wait for limits. */
    queueFigures(): QueueFigures;
  };

export function createGateway(
  deps: Omit<
    PipelineDeps,
    'admission' | 'kept' | 'limits' | 'queues' | 'alerts' | 'modelHealth' | 'enter' | 'ledger' | 'code'
  > & {
    /** What models suggested and what became of it; undefined: nothing of it is kept. */
    readonly suggestions?: SuggestionStore | undefined;
    /** Resolves after that time, or at once when the signal is aborted. */
    readonly sleep?: ((ms: number, signal: CallSignal) => Promise<void>) | undefined;
    readonly randomHex: (digits: number) => string;
    /** Where limits are counted, and where each process counts for itself once that is lost. */
    readonly limitStore: LimitStore;
    readonly ownLimitStore?: LimitStore | undefined;
    /** Access tokens in place of keys. Undefined: none are ever taken. */
    readonly tokens?: AccessTokens | undefined;
    /** Tells webhooks. Undefined: there is no way to. */
    readonly tell?: ((event: WebhookEvent) => void | Promise<void>) | undefined;
  },
  config: GatewayConfig,
): SwappableGateway {
  const limits = createGuardedLimits({
    ...{ store: deps.limitStore, own: deps.ownLimitStore, log: deps.log },
    onLoss: () => pipeline.config.limits.onStoreLoss ?? 'refuse',
  });
  const call = (each: Call): never | Promise<never> => {
    const span = startSpan(each.traceparent, deps.randomHex);
    each.facts.traceId = span.traceId;
    each.facts.spanId = span.spanId;
    return pipeline.run(each);
  };
  const { suggestions: store, recordSealer: sealer } = deps;
  const ledger =
    store &&
    sealer &&
    createLedger({
      store,
      approvals: deps.approvals,
      sealer,
      sleep: deps.sleep ?? sleepFor,
      monotonicMs: deps.monotonicMs,
    });
  const queues = createFairQueues({ limits, monotonicMs: deps.monotonicMs, setTimer });
  const { tokens } = deps;
  const admission = tokens && createAdmission(tokens);
  const lasting: PipelineDeps = {
    ...deps,
    ...{ admission, ledger, enter: { call } },
    kept: createKeptResults(deps),
    limits,
    queues,
    alerts: deps.tell && createBudgetAlerts({ limits, now: deps.now, tell: deps.tell, log: deps.log }),
    modelHealth: createModelHealth(deps),
    code: { learnt: createLearntShapes(), memory: createMemoryCodeStates() },
  };
  let pipeline: Pipeline = createPipeline(lasting, config);
  deps.catalog.invalidate(config.toolsets ?? []);
  reportUsers(deps, config.keys);

  const watches = createWatches({
    catalog: deps.catalog,
    grantOf: (caller, narrowing, endpoint) => pipeline.grantOf(caller, narrowing, endpoint),
    servers: deps.registry.current,
    onServerEvent: deps.registry.onEvent,
    onConnection: deps.connections?.onChange,
    // A watch outlives configurations: what its key may see is looked up again each time.
    refreshed: (request) => ({ ...request, caller: pipeline.keyring.refreshed(request.caller) }),
  });

  const turnAway = (error: unknown): never => {
    if (error instanceof GatewayError) deps.meter?.turnedAway(error.code);
    throw error;
  };

  return {
    call,
    admit(credential, place) {
      if (tokens === undefined || admission === undefined || tokens.issuers().length === 0) return undefined;
      if (credential === undefined) {
        if (pipeline.config.anonymous !== undefined) return undefined;
        throw admission.refusal('send it as "Authorization: Bearer <key>"', place);
      }
      return pipeline.keyring.knows(credential) ? undefined : admission.admit(credential, place).catch(turnAway);
    },
    checkScope(credential, kind, place) {
      try {
        admission?.checkScope(credential, kind, place);
      } catch (error) {
        turnAway(error);
      }
    },
    identify(credential) {
      try {
        return pipeline.keyring.identify(credential);
      } catch (error) {
        // Without any there is nothing to turn away: sign-ins of clients begin so.
        if (credential === undefined) throw error;
        return turnAway(error);
      }
    },
    async suggestion(credential, id) {
      const caller = pipeline.keyring.identify(credential);
      const found = await ledger?.store.find(id);
      if (ledger === undefined || found === undefined || found.keyId !== caller.keyId)
        throw new GatewayError('unknown_suggestion', id);
      const { name, dialect, toolCallId } = found;
      return {
        id,
        name,
        dialect,
        toolCallId,
        endpoint: endpointOf(found.endpoint),
        arguments: ledger.openArguments(found),
      };
    },
    serves(endpoint, caller) {
      if (endpoint.type === 'all') return true;
      const grant = pipeline.grantOf(caller, { servers: undefined, tools: undefined }, endpoint);
      if (endpoint.type === 'server')
        return deps.registry.current().has(endpoint.serverId) && grant.reaches(endpoint.serverId);
      return servesToolset(deps.catalog.current(), endpoint.toolset, caller, grant);
    },
    watch: (request) => watches.open(request),
    config: () => pipeline.config,
    callerOfKey: (keyId) => pipeline.keyring.refreshed({ keyId, keyName: '', grant: { allow: [], deny: [] } }),
    modelStatus(caller) {
      const grant = pipeline.grantOf(caller, { servers: undefined, tools: undefined }, { type: 'all' });
      return lasting.modelHealth.snapshot().filter(({ provider, model }) => grant.allows('model', provider, model));
    },
    queueFigures: () => queues.figures(),
    swap(next) {
      pipeline = createPipeline(lasting, next);
      deps.catalog.invalidate(next.toolsets ?? []);
      reportUsers(deps, next.keys);
    },
    refreshKeys() {
      if (pipeline.keyring.refresh()) watches.changed();
    },
  };
}

const sleepFor = (ms: number, signal: CallSignal): Promise<void> =>
  new Promise((resolve) => {
    const stop = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      resolve();
    };
    const timer = setTimeout(stop, ms);
    signal.addEventListener('abort', stop);
  });

function setTimer(afterMs: number, run: () => void): () => void {
  const timer = setTimeout(run, afterMs);
  return () => clearTimeout(timer);
}
