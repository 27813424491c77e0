/** Work that takes an AbortSignal, for a call that has something cheaper; what it leaves under way ends with it. */

import type { CallSignal } from '../../contracts/call-signal.ts';

export async function withAbort<T>(signal: CallSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = (): void => controller.abort(signal.reason);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    return await work(controller.signal);
  } finally {
    signal.removeEventListener('abort', abort);
    controller.abort();
  }
}
