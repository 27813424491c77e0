/** What GET /ready says: every server and its state; why one failed only to callers who may reach it. */

import type { Gateway } from '../contracts/call.ts';
import type { Caller } from '../contracts/caller.ts';
import type { ServerRegistry } from '../contracts/upstream.ts';
import type { Exchange } from '../edges/http/exchange.ts';
import type { Definitions } from '../pipeline/definitions/definitions.ts';

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
    gateway: Gateway;
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
  return { ready: true, version: deps.identity.version, servers };
}
