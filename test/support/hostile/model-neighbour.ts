/** The second client of models: chats all the while, and checks every answer. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** Ordinary calls are answered well within this, whatever happens elsewhere. */
const PATIENCE_MS = 5_000;

export interface ModelNeighbour {
  readonly served: number;
  /** Resolves after a call that began after this one; throws the first thing that went wrong. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

/** `model` repeats what it is told. Every other call is streamed. */
export function startModelNeighbour(gateway: { readonly url: string }, key: string, model: string): ModelNeighbour {
  let served = 0;
  let stopped = false;
  let failure: unknown;
  const one = async (): Promise<void> => {
    const nonce = randomUUID();
    const stream = served % 2 === 1;
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, stream, messages: [{ role: 'user', content: `!say ${nonce}` }] }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    const text = await response.text();
    assert.equal(response.status, 200, text);
    const said = [...text.matchAll(/"content":"([^"]*)"/g)].map(([, piece = '']) => piece).join('');
    assert.equal(said, nonce, text);
    served++;
  };
  const loop = async (): Promise<void> => {
    while (!stopped) {
      await one().catch((error: unknown) => {
        failure ??= error;
      });
      await sleep(10);
    }
  };
  const running = loop();
  return {
    get served() {
      return served;
    },
    async check() {
      // The one under way may have begun before.
      const enough = served + 2;
      while (served < enough && failure === undefined) await sleep(2);
      if (failure !== undefined) throw failure;
    },
    async stop() {
      stopped = true;
      await running;
      if (failure !== undefined) throw failure;
    },
  };
}
