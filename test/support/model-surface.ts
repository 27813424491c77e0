/** The front doors of models in this process: real HTTP in front, a mock provider behind, the whole pipeline between. */

import { createModelRoutes } from '../../src/app/model-routes.ts';
import type { GatewayConfig } from '../../src/contracts/config.ts';
import type { ModelProvider } from '../../src/contracts/models.ts';
import type { ModelsConfig, ProviderConfig } from '../../src/contracts/models-config.ts';
import { Secret } from '../../src/contracts/secret.ts';
import type { Offer } from '../../src/contracts/upstream.ts';
import { createHttpServer } from '../../src/edges/http/http-server.ts';
import { createHarness, type Harness } from '../../src/pipeline/fixtures/harness.ts';
import type { Cleanup } from './temp-dir.ts';

export function providerConfig(id: string, baseUrl: string, changes: Partial<ProviderConfig> = {}): ProviderConfig {
  return {
    ...{ id, type: 'openai', enabled: true, preset: undefined, baseUrl, headers: {}, cloud: undefined },
    keys: [{ name: 'key1', value: new Secret('sk-provider-secret'), weight: 1, models: ['*'] }],
    ...{ apiVersion: undefined, models: [] },
    quirks: {
      ...{ refuses: [], renames: {}, streamUsage: true },
      has: ['embeddings', 'models', 'audio', 'images', 'moderations', 'files', 'rerank'],
    },
    ...{ timeoutMs: 20_000, firstByteTimeoutMs: 10_000, idleTimeoutMs: 10_000, maxRetries: 0 },
    ...{ maxAnswerBytes: 16 * 1024 * 1024, circuitBreaker: { failures: 5, openMs: 1_000 } },
    ...changes,
  };
}

export const MODELS_CONFIG: ModelsConfig = {
  ...{ aliases: [], fallbacks: [], routes: [], prices: [], toolMode: 'off', usageHeaders: true },
};

type HarnessOptions = NonNullable<Parameters<typeof createHarness>[1]>;

export interface ModelSurface {
  readonly url: string;
  readonly harness: Harness;
}

/** `offers`: what pretended MCP servers have, by id. The key `all` may do everything. */
export async function startModelSurface(
  cleanup: Cleanup,
  options: {
    readonly providers: readonly ModelProvider[];
    readonly models?: Partial<ModelsConfig>;
    readonly offers?: { readonly [id: string]: Offer };
    readonly config?: Partial<GatewayConfig>;
    /** Stores of suggestions, approvals and runs. */
    readonly executions?: HarnessOptions['executions'];
  },
): Promise<ModelSurface> {
  const harness = createHarness(options.offers ?? {}, {
    config: {
      providers: options.providers.map(({ config }) => config),
      models: { ...MODELS_CONFIG, ...options.models },
      ...options.config,
    },
    providers: new Map(options.providers.map((provider) => [provider.id, provider])),
    ...(options.executions !== undefined && { executions: options.executions }),
  });
  const { gateway } = harness;
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  let ids = 0;
  const routes = createModelRoutes({
    ...{ gateway, log, now: Date.now, newId: () => `id-${++ids}`, config: gateway.config },
    limits: () => gateway.config().limits,
  });
  const allowed = () => ({ hosts: [], origins: [] });
  const http = createHttpServer({ routes, log, limits: { maxBodyBytes: 8 * 1024 * 1024 }, allowed });
  const { url } = await http.listen('127.0.0.1', 0);
  cleanup.after(() => http.close(1_000));
  return { url, harness };
}
