/** When requests of a constant rate are due. */

/** How many are due `elapsedMs` after the beginning, the first of them at once: the `n`th at `n * 1000 / rate` ms, from 0 on. */
export function dueAfter(elapsedMs: number, rate: number): number {
  return Math.floor((elapsedMs * rate) / 1_000) + 1;
}

/** Milliseconds after the beginning at which the `index`th is due, from 0 on. */
export function intendedMs(index: number, rate: number): number {
  return (index * 1_000) / rate;
}
