/** Preloaded into a gateway whose memory is looked at: on SIGUSR2 it collects garbage and writes what is left to a file. */

import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

/** What one look shows. */
export interface HeapReading {
  readonly heapMb: number;
  /** Buffers and other memory outside the heap. */
  readonly externalMb: number;
  readonly rssMb: number;
  /** Since the look before. */
  readonly loopDelayP99Ms: number;
}

const file = process.env.BENCH_PROBE_FILE;
const MB = 1_048_576;

if (isMainThread && file !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  process.on('SIGUSR2', () => {
    const loopDelayP99Ms = delay.percentile(99) / 1e6;
    globalThis.gc?.();
    // The second takes what finalizers of the first let go.
    setImmediate(() => {
      globalThis.gc?.();
      const { heapUsed, external, rss } = process.memoryUsage();
      const reading: HeapReading = {
        heapMb: heapUsed / MB,
        externalMb: external / MB,
        rssMb: rss / MB,
        loopDelayP99Ms,
      };
      writeFileSync(file, JSON.stringify(reading));
      delay.reset();
    });
  });
}
