/** What the process and its event loop say of themselves. */

import { monitorEventLoopDelay, performance } from 'node:perf_hooks';

export interface ProcessFigures {
  readonly cpuUserSeconds: number;
  readonly cpuSystemSeconds: number;
  readonly startedSeconds: number;
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly externalBytes: number;
  readonly loopActiveSeconds: number;
  readonly loopIdleSeconds: number;
  /** By quantile; since the reading before. Empty at the first. */
  readonly loopDelaySeconds: readonly (readonly [quantile: string, seconds: number])[];
}

export interface ProcessMeter extends Disposable {
  read(): ProcessFigures;
}

const DELAY_RESOLUTION_MS = 10;
const QUANTILES = ['0.5', '0.9', '0.99', '1'] as const;

/** The event loop is watched from the first reading on: until somebody asks, it costs nothing. */
export function createProcessMeter(): ProcessMeter {
  let delay: ReturnType<typeof monitorEventLoopDelay> | undefined;

  const readDelay = (): [string, number][] => {
    if (delay === undefined) {
      delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
      delay.enable();
      return [];
    }
    const watched = delay;
    // What it measures is the time between two ticks of its timer.
    const late = (quantile: string): number =>
      watched.count === 0
        ? 0
        : Math.max(0, watched.percentile(Number(quantile) * 100) / 1e9 - DELAY_RESOLUTION_MS / 1e3);
    const found = QUANTILES.map((quantile): [string, number] => [quantile, late(quantile)]);
    watched.reset();
    return found;
  };

  return {
    read() {
      const { user, system } = process.cpuUsage();
      const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
      const loop = performance.eventLoopUtilization();
      return {
        cpuUserSeconds: user / 1e6,
        cpuSystemSeconds: system / 1e6,
        startedSeconds: performance.timeOrigin / 1e3,
        residentBytes: rss,
        heapUsedBytes: heapUsed,
        heapTotalBytes: heapTotal,
        externalBytes: external,
        loopActiveSeconds: loop.active / 1e3,
        loopIdleSeconds: loop.idle / 1e3,
        loopDelaySeconds: readDelay(),
      };
    },
    [Symbol.dispose]() {
      delay?.disable();
    },
  };
}
