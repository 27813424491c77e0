/** How well something has answered lately: counts and latencies that fade, so that the past is forgiven. Plain data in, plain data out. */

/** Sums that lose half their weight every half-life. */
export interface Health {
  readonly atMs: number;
  readonly answers: number;
  readonly failures: number;
  /** Of the answers: time until they began, in milliseconds. */
  readonly latencySumMs: number;
  readonly latencies: number;
}

export const UNKNOWN_HEALTH: Health = { atMs: 0, answers: 0, failures: 0, latencySumMs: 0, latencies: 0 };

export const HEALTH_HALF_LIFE_MS = 30_000;

function fade(health: Health, nowMs: number): { -readonly [member in keyof Health]: number } {
  const left = 2 ** (-Math.max(0, nowMs - health.atMs) / HEALTH_HALF_LIFE_MS);
  return {
    atMs: nowMs,
    answers: health.answers * left,
    failures: health.failures * left,
    latencySumMs: health.latencySumMs * left,
    latencies: health.latencies * left,
  };
}

export function noteAnswer(health: Health, nowMs: number): Health {
  const faded = fade(health, nowMs);
  faded.answers++;
  return faded;
}

export function noteFailure(health: Health, nowMs: number): Health {
  const faded = fade(health, nowMs);
  faded.failures++;
  return faded;
}

export function noteLatency(health: Health, nowMs: number, latencyMs: number): Health {
  const faded = fade(health, nowMs);
  faded.latencySumMs += latencyMs;
  faded.latencies++;
  return faded;
}

/** Counted as if one more answer had come: a single failure does not say much, and what is old says nothing. */
const BENEFIT_OF_DOUBT = 1;

/** 0 to 1. */
export function errorRate(health: Health, nowMs: number): number {
  const { answers, failures } = fade(health, nowMs);
  return failures / (answers + failures + BENEFIT_OF_DOUBT);
}

/** Below this nothing is left of what was measured. */
const LEAST_LATENCIES = 0.05;

/** Undefined: none was seen lately. */
export function latencyMs(health: Health, nowMs: number): number | undefined {
  const { latencySumMs, latencies } = fade(health, nowMs);
  return latencies < LEAST_LATENCIES ? undefined : latencySumMs / latencies;
}
