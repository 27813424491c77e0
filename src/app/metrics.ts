/** The figures of this process for whoever scrapes them: where each of them comes from. */

import type { GatewayConfig } from '../contracts/config.ts';
import type { QueueFigures } from '../contracts/limits.ts';
import type { Trail } from '../contracts/trail.ts';
import type { ServerRegistry } from '../contracts/upstream.ts';
import type { Route } from '../edges/http/exchange.ts';
import { createMetricsRoute } from '../edges/http/metrics-route.ts';
import type { createMcpRoutes } from '../edges/mcp/endpoint.ts';
import type { createCallMeter } from '../platform/telemetry/call-meter.ts';
import { METRICS_CONTENT_TYPES } from '../platform/telemetry/exposition.ts';
import type { createProcessMeter } from '../platform/telemetry/process-figures.ts';
import { renderMetrics } from '../platform/telemetry/render-metrics.ts';

export function createMetrics(deps: {
  readonly config: () => GatewayConfig;
  readonly identity: { readonly version: string };
  readonly meter: Pick<ReturnType<typeof createCallMeter>, 'read'>;
  readonly registry: Pick<ServerRegistry, 'current'>;
  readonly mcp: Pick<ReturnType<typeof createMcpRoutes>, 'sessions'>;
  readonly trail: Pick<Trail, 'figures'>;
  readonly queues: () => QueueFigures;
  readonly processMeter: Pick<ReturnType<typeof createProcessMeter>, 'read'>;
}): Route {
  const figures = {
    version: deps.identity.version,
    calls: () => deps.meter.read(),
    servers: () => [...deps.registry.current().values()].map((server) => server.status()),
    sessions: () => deps.mcp.sessions(),
    trail: () => deps.trail.figures?.(),
    queues: deps.queues,
    process: () => deps.processMeter.read(),
  };
  return createMetricsRoute({
    token: () => deps.config().metrics?.token,
    render: (format) => ({ contentType: METRICS_CONTENT_TYPES[format], text: renderMetrics(figures, format) }),
  });
}
