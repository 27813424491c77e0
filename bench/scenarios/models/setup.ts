/** A gateway with everything enabled in front of pretended models: key, rate, budget with prices, trail, metrics. */

import type { Gateway, GatewaySetup } from '../../harness/gateway.ts';
import type { Target } from '../../harness/requests.ts';

/** The model as the mock knows it, and as clients of the gateway name it. */
export const MODEL = 'bench-1';
export const NAMED_MODEL = `bench/${MODEL}`;

/** So high that nobody meets them: what is measured is the counting. */
const LIMITS = {
  requests: [{ max: 100_000_000, per: 'minute' }],
  budgets: [{ maxUsd: 1_000_000, per: 'day' }],
};

export interface ModelSetup {
  readonly mockPort: number;
  /** Wire of the provider; default `openai`. */
  readonly wire?: 'openai' | 'anthropic' | 'gemini';
  readonly servers?: GatewaySetup['servers'];
  /** Members of the key besides its limits. */
  readonly ofKeys?: object;
}

export function modelSetup({ mockPort, wire = 'openai', servers = {}, ofKeys = {} }: ModelSetup): GatewaySetup {
  const baseUrl = `http://127.0.0.1:${mockPort}${wire === 'openai' ? '/v1' : ''}`;
  return {
    servers,
    providers: { bench: { type: wire, baseUrl, apiKey: 'sk-bench-only-no-secret' } },
    ofKeys: { limits: LIMITS, toolMode: 'off', ...ofKeys },
    more: { models: { prices: { 'bench/*': { inputUsdPerMillion: 1, outputUsdPerMillion: 2 } } } },
  };
}

export function targetOf({ port, key }: Gateway): Target {
  if (key === undefined) throw new Error('a gateway with everything enabled has a key');
  return { port, key };
}
