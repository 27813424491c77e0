/** A gateway with everything enabled that governs calls: rules, rates, a budget, prices; and what its trail says afterwards. */

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { GatewaySetup } from '../../harness/gateway.ts';

export const PROVIDER = 'bench';
/** The model as the mock knows it, and as clients of the gateway name it. */
export const MODEL = 'bench-1';
export const NAMED_MODEL = `${PROVIDER}/${MODEL}`;

/** Microdollars: a call of a tool; a token that goes in, one that comes out. */
export const PRICES = { tool: 100, input: 1, output: 2 } as const;

/** So high that nobody meets them: what is measured is the counting. */
const LIMITS = {
  requests: [{ max: 1_000_000_000, per: 'minute' }],
  tokens: [{ max: 1_000_000_000_000, per: 'hour' }],
  toolCalls: [{ max: 1_000_000_000, per: 'day' }],
  maxConcurrent: 1_000_000,
  budgets: [{ maxUsd: 1_000_000_000, per: 'day', alertAt: [0.8, 1] }],
};

const POLICY = {
  rules: [{ name: 'bench', action: 'deny', targets: ['*'], when: 'has(args.forbidden) && args.forbidden == true' }],
};

export interface Governed {
  readonly servers?: GatewaySetup['servers'];
  /** Port of a model; left out: no models. */
  readonly model?: number;
  readonly ofKeys?: object;
  readonly keyCount?: number;
  readonly more?: object;
  readonly isProbed?: boolean;
}

/** Keys with rules, rates, a budget; the trail with its write-ahead; metrics. */
export function governed({ servers = {}, model, ofKeys = {}, more = {}, ...rest }: Governed): GatewaySetup {
  const price = { inputUsdPerMillion: PRICES.input, outputUsdPerMillion: PRICES.output };
  return {
    servers,
    ...(model === undefined
      ? {}
      : { providers: { [PROVIDER]: { type: 'openai', baseUrl: `http://127.0.0.1:${model}/v1` } } }),
    // Nothing may be removed before it is counted.
    audit: { maxSizeMb: 1_048_576 },
    ofKeys: { limits: LIMITS, ...ofKeys },
    more: {
      policy: POLICY,
      prices: { tools: { '*': { perCallMicroUsd: PRICES.tool } } },
      ...(model === undefined ? {} : { models: { prices: { [`${PROVIDER}/*`]: price } } }),
      ...more,
    },
    ...rest,
  };
}

export interface TrailCount {
  readonly kind: string;
  readonly rows: number;
  readonly notOk: number;
  readonly microUsd: number;
}

/** By kind of call, of a gateway that has ended. */
export function countTrail(dataDir: string): TrailCount[] {
  const db = new DatabaseSync(join(dataDir, 'portcullis.db'), { readOnly: true });
  try {
    const rows = db.prepare(
      `SELECT kind, count(*) AS calls, count(*) FILTER (WHERE result IS NULL OR result <> 'ok') AS bad,
         coalesce(sum(price_micro_usd), 0) AS spent FROM trail GROUP BY kind`,
    );
    return rows.all().map(({ kind, calls, bad, spent }) => ({
      ...{ kind: String(kind), rows: Number(calls), notOk: Number(bad), microUsd: Number(spent) },
    }));
  } finally {
    db.close();
  }
}

export function rowsOf(counts: readonly TrailCount[], kind: string): TrailCount {
  return counts.find((count) => count.kind === kind) ?? { kind, rows: 0, notOk: 0, microUsd: 0 };
}
