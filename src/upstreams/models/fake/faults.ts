/** How a pretended provider fails, in the words of the port: what a real one would do on the socket. */

import { createHash } from 'node:crypto';
import type { CallSignal } from '../../../contracts/call-signal.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { failureOf } from '../classify-status.ts';
import type { Script, ScriptFault } from './script.ts';

/** Prompts whose faults are counted; the oldest is forgotten. */
const MAX_PROMPTS = 1_000;

/** Whether the fault of this script happens this time. */
export type IsDue = (script: Script, prompt: string) => boolean;

export function createFaultCounter(): IsDue {
  const happened = new Map<string, number>();
  return ({ fault }, prompt) => {
    if (fault === undefined) return false;
    if (fault.times === Number.POSITIVE_INFINITY) return true;
    const key = createHash('sha256').update(prompt).digest('base64');
    const count = happened.get(key) ?? 0;
    if (count >= fault.times) return false;
    happened.delete(key);
    happened.set(key, count + 1);
    const [oldest] = happened.keys();
    if (happened.size > MAX_PROMPTS && oldest !== undefined) happened.delete(oldest);
    return true;
  };
}

/** Throws what the fault is, a hang after `timeoutMs`. */
export async function fail(fault: ScriptFault, timeoutMs: number, signal: CallSignal): Promise<never> {
  switch (fault.type) {
    case 'status': {
      const headers = fault.retryAfterS === undefined ? {} : { 'retry-after': String(fault.retryAfterS) };
      throw failureOf({ status: fault.status, headers }, { message: 'as the prompt said', kind: undefined }, []);
    }
    case 'hang':
      await wait(timeoutMs, signal);
      throw new ProviderFailure('timeout', `nothing came for ${timeoutMs} ms, as the prompt said`);
    case 'reset':
      throw new ProviderFailure('connection-lost', 'the connection broke, as the prompt said');
    case 'garbage':
      throw new ProviderFailure('malformed', 'the answer was none, as the prompt said');
  }
}

/** Throws ProviderFailure `cancelled`. */
export function wait(ms: number, signal: CallSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancelled = (): ProviderFailure => new ProviderFailure('cancelled', 'nobody waits for the answer any more');
    if (signal.aborted) return reject(cancelled());
    if (ms <= 0) return resolve();
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(cancelled());
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort);
  });
}
