/** The signal of one call: what an AbortController would do, without the cost of an event target for each call. */

import type { CallSignal } from '../../contracts/call-signal.ts';
import type { GatewayError } from '../../contracts/errors.ts';

export class Cancellation implements CallSignal {
  /** Why; undefined until it is aborted. */
  reason: GatewayError | undefined = undefined;
  #listeners: (() => void)[] | undefined = undefined;

  get aborted(): boolean {
    return this.reason !== undefined;
  }

  /** Tells every listener once. Only the first reason counts. */
  abort(reason: GatewayError): void {
    if (this.aborted) return;
    this.reason = reason;
    for (let next = this.#listeners?.shift(); next !== undefined; next = this.#listeners?.shift()) next();
  }

  /** As on an AbortSignal: the same listener counts once, and one that comes too late is never called. */
  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.aborted || this.#listeners?.includes(listener)) return;
    this.#listeners ??= [];
    this.#listeners.push(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const at = this.#listeners?.indexOf(listener) ?? -1;
    if (at !== -1) this.#listeners?.splice(at, 1);
  }
}
