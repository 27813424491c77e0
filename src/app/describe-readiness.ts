/** What GET /ready says: every server and its state; why one failed, and how models do, only to callers who may use them. */

import type { Gateway } from '../contracts/call.ts';
import type { Caller } from '../contracts/caller.ts';
import type { ServerRegistry } from '../contracts/upstream.ts';
import type { Exchange } from '../edges/http/exchange.ts';
import type { Definitions } from '../pipeline/definitions/definitions.ts';
import type { SwappableGateway } from '../pipeline/gateway.ts';
import type { ModelStatus } from '../pipeline/models/model-health.ts';

function callerOf(gateway: Gateway, exchange: Exchange): Caller | undefined {
  try {
    return gateway.identify(exchange.credential);
  } catch {
    // Readiness is public; an unknown key simply sees the public part.
    return undefined;
  }
}

export function describeReadiness(
  deps: {
    gateway: Gateway & Pick<SwappableGateway, 'modelStatus'>;
    registry: Pick<ServerRegistry, 'current'>;
    definitions: Pick<Definitions, 'counts'>;
    identity: { name: string; version: string };
  },
  exchange: Exchange,
) {
  const caller = callerOf(deps.gateway, exchange);
  const servers = [...deps.registry.current()].map(([id, server]) => {
    const status = server.status();
    const known = caller !== undefined && deps.gateway.serves({ type: 'server', serverId: id }, caller);
    const failure = status.lastFailure;
    const counts = deps.definitions.counts(id);
    return {
      id,
      state: status.state,
      since: new Date(status.sinceMs).toISOString(),
      ...(known
        ? {
            transport: status.transport,
            era: status.era ?? null,
            protocolVersion: status.protocolVersion ?? null,
            tools: status.tools,
            prompts: status.prompts,
            resources: status.resources,
            definitions: counts === undefined ? null : { ...counts },
            restarts: status.restarts,
            problems: status.problems,
            ...(status.circuit && { circuit: status.circuit }),
            ...(status.calls && { calls: status.calls }),
            lastFailure:
              failure === undefined
                ? null
                : { stage: failure.stage, message: failure.message, at: new Date(failure.atMs).toISOString() },
          }
        : {}),
    };
  });
  const models = caller === undefined ? [] : deps.gateway.modelStatus(caller).map(describeModel);
  return { ready: true, version: deps.identity.version, servers, ...(models.length > 0 && { models }) };
}

/** Rounded: what is shown is a tendency. */
function describeModel({ provider, model, circuit, errorRate, latencyMs }: ModelStatus) {
  return {
    ...{ provider, model, circuit, errorRate: Math.round(errorRate * 1_000) / 1_000 },
    latencyMs: latencyMs === undefined ? null : Math.round(latencyMs),
  };
}
