/** The governed part of the gateway by itself, in this process: a real trail, real keys and metrics; nothing that goes over a wire. */

import type { GatewayConfig } from '../src/contracts/config.ts';
import type { ModelProvider } from '../src/contracts/models.ts';
import type { UpstreamServer } from '../src/contracts/upstream.ts';
import { createRandomIds } from '../src/lib/random-ids.ts';
import { createGateway } from '../src/pipeline/gateway.ts';
import { createMemoryLimitStore } from '../src/pipeline/limits/memory-limit-store.ts';
import { createLiveCatalog } from '../src/pipeline/live-catalog.ts';
import { openTrail } from '../src/platform/audit/open-trail.ts';
import { openSealing } from '../src/platform/sealing/open-sealing.ts';
import { createCallMeter } from '../src/platform/telemetry/call-meter.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** `folder`: for its data. `servers` and `providers`: what stands behind it. */
export async function openBookkeepingGateway(deps: {
  readonly folder: string;
  readonly config: GatewayConfig;
  readonly servers: ReadonlyMap<string, UpstreamServer>;
  readonly providers?: ReadonlyMap<string, ModelProvider>;
}) {
  const { folder, config, servers, providers = new Map() } = deps;
  const registry = { current: () => servers, onEvent: () => () => {} };
  const ids = createRandomIds();
  const clocks = { now: Date.now, monotonicMs: () => performance.now() };
  const trail = await openTrail({ dataDir: folder, sync: false, maxAgeDays: 30, maxSizeMb: 1_024, log: silent });
  const gateway = createGateway(
    {
      ...{ registry, catalog: createLiveCatalog({ registry }), providers: () => providers },
      limitStore: createMemoryLimitStore({ spend: { spent: () => 0 }, ...clocks }),
      ...{ trail, directory: { version: () => 0, keys: () => [] } },
      sealer: openSealing({ dataDir: folder, config: undefined, isShared: false }).forClients,
      ...clocks,
      meter: createCallMeter({ maxTools: 1_000, maxServers: 100 }),
      randomHex: ids.hex,
    },
    config,
  );
  return { gateway, ids, close: () => trail[Symbol.asyncDispose]() };
}
