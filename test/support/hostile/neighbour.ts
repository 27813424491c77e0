/** The second client: makes ordinary calls all the while, and checks every answer. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { textOf } from '../good-server.ts';
import { callTool } from '../raw-client.ts';

/** Ordinary calls are answered well within this, whatever happens elsewhere. */
const PATIENCE_MS = 5_000;

export interface Neighbour {
  readonly served: number;
  /** Resolves after two more calls, one of which began after this one; throws the first thing that went wrong. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

export function startNeighbour(gateway: { readonly mcpUrl: string }, key: string): Neighbour {
  let served = 0;
  let stopped = false;
  let failure: unknown;
  const waiting: { readonly from: number; resolve(): void }[] = [];
  const one = async (): Promise<void> => {
    const nonce = randomUUID();
    const answer = await callTool(gateway, key, 'good__work', { nonce }, { timeoutMs: PATIENCE_MS });
    assert.equal(textOf(answer), `done ${nonce}`, JSON.stringify(answer).slice(0, 500));
    served++;
  };
  const loop = async (): Promise<void> => {
    while (!stopped) {
      await one().catch((error: unknown) => {
        failure ??= error;
      });
      for (let at = waiting.length - 1; at >= 0; at--)
        if (failure !== undefined || served >= (waiting[at]?.from ?? 0) + 2) waiting.splice(at, 1)[0]?.resolve();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const running = loop();
  return {
    get served() {
      return served;
    },
    async check() {
      await new Promise<void>((resolve) => waiting.push({ from: served, resolve }));
      if (failure !== undefined) throw failure;
    },
    async stop() {
      stopped = true;
      await running;
      if (failure !== undefined) throw failure;
    },
  };
}
