/** How a call learns that nobody waits for it any more. */

/**
 * What is used of an AbortSignal between the rooms. Every AbortSignal is one; a call that is made thousands of times a
 * second may bring something cheaper.
 */
export interface CallSignal {
  readonly aborted: boolean;
  /** Why it was aborted. */
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
