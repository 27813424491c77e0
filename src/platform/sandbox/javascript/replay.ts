/** Brings a script back to where it waited: it runs again from its start, meets the same answers, and must do the same. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { SandboxLimits } from '../../../contracts/sandbox.ts';
import { divergence, type Ledger } from './ledger.ts';
import type { ThreadEvent } from './messages.ts';
import type { ScriptThread } from './script-thread.ts';

/**
 * Nobody else is asked for anything, and nothing is printed again. Rejects with GatewayError `sandbox_state_invalid` where it does
 * something else than before; the thread is of no use then. `signal`, and the time that a run may take, end the thread.
 */
export async function replay(
  thread: ScriptThread,
  ledger: Ledger,
  limits: SandboxLimits,
  signal: AbortSignal,
): Promise<void> {
  const stop = (): void => thread.kill('it was not brought back in time');
  const wall = setTimeout(stop, limits.maxWallMs);
  signal.addEventListener('abort', stop);
  let made = 0;
  const hold = (event: ThreadEvent): void => {
    if (event.type !== 'waits') throw diverged(endOf(event));
    made += event.calls.length;
    const otherwise = divergence(ledger, event.calls);
    if (otherwise !== undefined) throw diverged(otherwise);
  };
  const quiet = (): void => undefined;
  try {
    hold(await thread.ask({ type: 'run', start: ledger.start, limits: roomier(ledger, limits) }, quiet));
    for (const delivery of ledger.deliveries) hold(await thread.ask({ type: 'deliver', delivery }, quiet));
    if (made < ledger.calls.length) throw diverged(`it made ${made} of its ${ledger.calls.length} calls`);
  } finally {
    clearTimeout(wall);
    signal.removeEventListener('abort', stop);
  }
}

/** Of computing time: what was enough before is enough again, on a machine with more to do. */
const TIME_FACTOR = 2;

/** What it did before does not count again. */
const roomier = ({ calls }: Ledger, limits: SandboxLimits): SandboxLimits => ({
  ...limits,
  maxInterpreterMs: TIME_FACTOR * limits.maxInterpreterMs,
  maxCalls: limits.maxCalls + calls.length,
});

const endOf = (event: Exclude<ThreadEvent, { type: 'waits' }>): string => {
  switch (event.type) {
    case 'done':
      return 'it came to its end';
    case 'failed':
      return `it failed with ${event.error.exception}`;
    case 'syntax':
      return 'it could not be read';
    case 'limit':
      return `it reached ${event.limit}`;
  }
};

const diverged = (what: string): GatewayError =>
  new GatewayError(
    'sandbox_state_invalid',
    `brought back to where it waited, the script took another way: ${what}. Nothing was called; run it anew`,
  );
