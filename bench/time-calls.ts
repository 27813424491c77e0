/** How calls are timed in this process: many at once, one after the other, and at a pace. What rivals call overhead. */

import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { quantile } from './harness/statistics.ts';

/** Microseconds per call. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly mean: number;
}

export interface TimedCalls<C> {
  readonly make: () => C;
  /** Throws where the outcome is not what it should be. */
  readonly run: (call: C) => Promise<void>;
  /** The answer has left. */
  readonly sent: (call: C) => void;
}

/** As many as connections. */
export const TOGETHER = 32;
const PACED_PER_MS = 5;

function spread(micros: Float64Array): Spread {
  const mean = micros.reduce((sum, value) => sum + value, 0) / micros.length;
  const sorted = micros.sort();
  return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), mean };
}

async function one<C>({ make, run, sent }: TimedCalls<C>): Promise<number> {
  const call = make();
  const beganMs = performance.now();
  await run(call);
  const micros = (performance.now() - beganMs) * 1_000;
  sent(call);
  return micros;
}

/** The time until all of a round are through, divided by their number. */
export async function measureTogether<C>({ make, run }: TimedCalls<C>, rounds: number): Promise<Spread> {
  const micros = new Float64Array(rounds);
  for (let round = 0; round < rounds; round++) {
    const calls = Array.from({ length: TOGETHER }, make);
    await turn();
    const beganMs = performance.now();
    await Promise.all(calls.map(run));
    micros[round] = ((performance.now() - beganMs) * 1_000) / TOGETHER;
  }
  return spread(micros);
}

export async function measureAlone<C>(timed: TimedCalls<C>, calls: number): Promise<Spread> {
  const micros = new Float64Array(calls);
  for (let i = 0; i < calls; i++) micros[i] = await one(timed);
  return spread(micros);
}

/** 5,000 calls a second. */
export async function measurePaced<C>(timed: TimedCalls<C>, calls: number): Promise<Spread> {
  const micros = new Float64Array(calls);
  const startedMs = performance.now();
  for (let i = 0; i < calls; ) {
    const due = Math.min(calls, Math.floor((performance.now() - startedMs) * PACED_PER_MS));
    while (i < due) micros[i++] = await one(timed);
    await sleep(1);
  }
  return spread(micros);
}
