/** Which of several is asked next: by weight, by how well each has answered lately, and by chance. */

import { errorRate, type Health, latencyMs } from './health.ts';

export interface Candidate {
  readonly weight: number;
  readonly health: Health;
}

/** What fails always still gets this part of its share, so that its recovery is noticed. */
const LEAST_SHARE = 0.02;
/** Half as fast as the best is fast enough: answers differ in length. Beyond, the share falls in proportion, to a quarter. */
const TOLERATED_SLOWNESS = 2;
const LEAST_FOR_SLOW = 0.25;

/** The share of each, relative to the others. Weights alone count as long as all are well. */
export function sharesOf(candidates: readonly Candidate[], nowMs: number): readonly number[] {
  const latencies = candidates.map(({ health }) => latencyMs(health, nowMs));
  const best = Math.min(...latencies.map((each) => each ?? Number.POSITIVE_INFINITY));
  return candidates.map(({ weight, health }, i) => {
    const latency = latencies[i];
    const speed =
      latency === undefined || latency <= best * TOLERATED_SLOWNESS
        ? 1
        : Math.max(LEAST_FOR_SLOW, (best * TOLERATED_SLOWNESS) / latency);
    return weight * speed * Math.max(LEAST_SHARE, (1 - errorRate(health, nowMs)) ** 2);
  });
}

/**
 * Index of the one chosen, -1 if there is none. `random` is 0 to 1, exclusive. Those of weight 0 are chosen only where there is
 * no other.
 */
export function choose(candidates: readonly Candidate[], nowMs: number, random: number): number {
  if (candidates.length < 2) return candidates.length - 1;
  const shares = sharesOf(candidates, nowMs);
  const sum = shares.reduce((total, share) => total + share, 0);
  if (sum === 0) return Math.min(candidates.length - 1, Math.floor(random * candidates.length));
  let left = random * sum;
  for (const [i, share] of shares.entries()) {
    left -= share;
    if (left < 0) return i;
  }
  // Rounding at the very end.
  return shares.findLastIndex((share) => share > 0);
}

/**
 * The same choice for the same `who` as long as there are the same candidates: for what a provider keeps under one key
 * (threads, stored answers). Weights count, health does not.
 */
export function chooseSteadily(who: string, names: readonly string[], weights: readonly number[]): number {
  let chosen = -1;
  let least = Number.POSITIVE_INFINITY;
  for (const [i, name] of names.entries()) {
    const weight = weights[i] ?? 0;
    // The smallest of exponentially distributed numbers, each as fast as its weight (rendezvous hashing).
    const score = weight > 0 ? -Math.log(spread(`${who}\0${name}`)) / weight : Number.MAX_VALUE;
    if (score < least) {
      least = score;
      chosen = i;
    }
  }
  return chosen;
}

/** A number between 0 and 1, exclusive, made of a text (FNV-1a, then mixed). */
function spread(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return ((hash >>> 0) + 1) / (2 ** 32 + 2);
}
