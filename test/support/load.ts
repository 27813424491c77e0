/** Load on a gateway: tool calls without pause, each with a nonce by which its fate can be looked up. */

import { randomInt, randomUUID } from 'node:crypto';
import { callTool, type RawAnswer } from './raw-client.ts';
import type { Cleanup } from './temp-dir.ts';

export type LoadAnswer = RawAnswer | { readonly failed: unknown };

export interface Load {
  /** What came of each call, by nonce. */
  readonly answers: ReadonlyMap<string, LoadAnswer>;
  /** Makes no more calls; resolves when those under way are over. */
  stop(): Promise<void>;
}

/** A result that is no tool error. */
export const isOk = (answer: LoadAnswer): boolean =>
  'result' in answer && answer.result !== undefined && answer.result.isError !== true;

/** Calls the tools in turn from several sides, until told to stop or the test is over. */
export function startLoad(
  cleanup: Cleanup,
  gateway: { readonly mcpUrl: string },
  key: string,
  tools: readonly string[],
  sides: number,
): Load {
  const answers = new Map<string, LoadAnswer>();
  let isOver = false;
  const loop = async (side: number): Promise<void> => {
    for (let index = side; !isOver; index++) {
      const nonce = randomUUID();
      const tool = tools[index % tools.length] ?? '';
      try {
        answers.set(nonce, await callTool(gateway, key, tool, { nonce, sleepMs: randomInt(5) }));
      } catch (failed) {
        answers.set(nonce, { failed });
        // Nobody there any more: do not spin until the end.
        if (!isOver) await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const loops = Array.from({ length: sides }, (_, side) => loop(side));
  const stop = async (): Promise<void> => {
    isOver = true;
    await Promise.all(loops);
  };
  cleanup.after(stop);
  return { answers, stop };
}
