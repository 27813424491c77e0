/** The one door in. Holds the pipeline of the current configuration; a call runs on the one that was current when it began. */

import type { Call, Gateway, ModelGateway } from '../contracts/call.ts';
import type { Caller } from '../contracts/caller.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import type { LimitStore, QueueFigures } from '../contracts/limits.ts';
import type { WebhookEvent } from '../contracts/webhooks.ts';
import { servesToolset } from './grants.ts';
import { createKeptResults } from './kept-results.ts';
import { createBudgetAlerts } from './limits/budget-alerts.ts';
import { createFairQueues } from './limits/fair-queues.ts';
import { createGuardedLimits } from './limits/guarded-limits.ts';
import { createModelHealth, type ModelStatus } from './models/model-health.ts';
import { createPipeline, type Pipeline, type PipelineDeps } from './pipeline.ts';
import { startSpan } from './trace.ts';
import { createWatches } from './watches.ts';

export type SwappableGateway = Gateway &
  ModelGateway & {
    config(): GatewayConfig;
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
  deps: Omit<PipelineDeps, 'kept' | 'limits' | 'queues' | 'alerts' | 'modelHealth' | 'enter'> & {
    readonly randomHex: (digits: number) => string;
    /** Where limits are counted, and where each process counts for itself once that is lost. */
    readonly limitStore: LimitStore;
    readonly ownLimitStore?: LimitStore | undefined;
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
  const queues = createFairQueues({ limits, monotonicMs: deps.monotonicMs, setTimer });
  const lasting: PipelineDeps = {
    ...deps,
    enter: { call },
    kept: createKeptResults(deps),
    limits,
    queues,
    alerts: deps.tell && createBudgetAlerts({ limits, now: deps.now, tell: deps.tell, log: deps.log }),
    modelHealth: createModelHealth(deps),
  };
  let pipeline: Pipeline = createPipeline(lasting, config);
  deps.catalog.invalidate(config.toolsets ?? []);

  const watches = createWatches({
    catalog: deps.catalog,
    grantOf: (caller, narrowing, endpoint) => pipeline.grantOf(caller, narrowing, endpoint),
    servers: deps.registry.current,
    onServerEvent: deps.registry.onEvent,
    // A watch outlives configurations: what its key may see is looked up again each time.
    refreshed: (request) => ({ ...request, caller: pipeline.keyring.callerOf(request.caller.keyId) }),
  });

  return {
    call,
    identify: (credential) => pipeline.keyring.identify(credential),
    serves(endpoint, caller) {
      if (endpoint.type === 'all') return true;
      const grant = pipeline.grantOf(caller, { servers: undefined, tools: undefined }, endpoint);
      if (endpoint.type === 'server')
        return deps.registry.current().has(endpoint.serverId) && grant.reaches(endpoint.serverId);
      return servesToolset(deps.catalog.current(), endpoint.toolset, caller, grant);
    },
    watch: (request) => watches.open(request),
    config: () => pipeline.config,
    modelStatus(caller) {
      const grant = pipeline.grantOf(caller, { servers: undefined, tools: undefined }, { type: 'all' });
      return lasting.modelHealth.snapshot().filter(({ provider, model }) => grant.allows('model', provider, model));
    },
    queueFigures: () => queues.figures(),
    swap(next) {
      pipeline = createPipeline(lasting, next);
      deps.catalog.invalidate(next.toolsets ?? []);
    },
    refreshKeys() {
      if (pipeline.keyring.refresh()) watches.changed();
    },
  };
}

function setTimer(afterMs: number, run: () => void): () => void {
  const timer = setTimeout(run, afterMs);
  return () => clearTimeout(timer);
}
