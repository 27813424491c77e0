/** Waiting for a person, for a client that asked to. */

import type { Approval, ApprovalStore } from '../../contracts/approvals.ts';
import type { CallSignal } from '../../contracts/call-signal.ts';
import { GatewayError } from '../../contracts/errors.ts';
import { waitForNews } from '../../lib/wait-for-news.ts';
import type { Exchange } from '../http/exchange.ts';

/** Resolves when the approval is no longer pending, or the time is over, or nobody waits any more. */
export async function waitForDecision(
  approvals: Pick<ApprovalStore, 'find' | 'onChange'>,
  id: string,
  timeoutMs: number,
  signal: CallSignal,
): Promise<void> {
  const isOver = ({ state }: Approval): boolean => state !== 'pending';
  // What cannot be read is asked again by the call itself, which says so.
  await waitForNews(approvals, id, { isOver, timeoutMs, signal }).catch(() => undefined);
}

/**
 * How long the client wishes to wait, at most `maxMs`: `x-portcullis-wait-ms`, or seconds by `Prefer: wait=N`. Undefined: not at
 * all. Throws GatewayError `invalid_request`.
 */
export function readWaitMs(exchange: Pick<Exchange, 'header'>, maxMs: number): number | undefined {
  const header = exchange.header('x-portcullis-wait-ms');
  if (header !== undefined) {
    if (!/^\d{1,9}$/.test(header))
      throw new GatewayError('invalid_request', 'x-portcullis-wait-ms takes a number of milliseconds');
    return Math.min(Number(header), maxMs);
  }
  // RFC 7240: preferences that are not understood are passed over.
  const seconds = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])/i.exec(exchange.header('prefer') ?? '')?.[1];
  return seconds === undefined ? undefined : Math.min(Number(seconds) * 1_000, maxMs);
}
