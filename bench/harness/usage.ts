/** What a process and everything it started uses, from the operating system: CPU of all threads, memory. Linux only. */

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Processes and threads end whenever they like.
    return undefined;
  }
}

/** True where the counters are that this harness stands on. */
export function hasCounters(): boolean {
  return Number((read(`/proc/self/task/${process.pid}/schedstat`) ?? '0').split(' ')[0]) > 0;
}

/** Throws where the counters are missing. */
export function requireCounters(): void {
  if (!hasCounters())
    throw new Error('CPU figures come from /proc/<pid>/task/*/schedstat: run this on Linux with CONFIG_SCHEDSTATS');
}

function parentOf(pid: number): number {
  const stat = read(`/proc/${pid}/stat`) ?? '';
  // The name in brackets may hold anything, spaces and brackets included.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] ?? 0);
}

/**
 * A process and its descendants, without those whose command line holds `except`: the stdio server behind a bridge is not
 * part of the bridge.
 */
export function processTree(root: number, except?: string): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Number.isInteger);
  const parents = new Map(pids.map((pid) => [pid, parentOf(pid)]));
  const isBelow = (pid: number): boolean => {
    for (let at = pid; at > 1; at = parents.get(at) ?? 0) if (at === root) return true;
    return false;
  };
  return pids.filter((pid) => {
    if (!isBelow(pid)) return false;
    if (pid === root || except === undefined) return true;
    // A shell or taskset in front of the excepted process is replaced by it, or idle.
    return !(read(`/proc/${pid}/cmdline`) ?? '').includes(except);
  });
}

/** Microseconds of CPU all threads of these processes have had since they began. Threads that ended are not counted. */
export function cpuMicros(pids: readonly number[]): number {
  let nanos = 0;
  for (const pid of pids) {
    let threads: string[] = [];
    try {
      threads = readdirSync(`/proc/${pid}/task`);
    } catch {
      continue;
    }
    for (const thread of threads) nanos += Number((read(`/proc/${pid}/task/${thread}/schedstat`) ?? '0').split(' ')[0]);
  }
  return nanos / 1_000;
}

/** Longer than anything waits that puts its work off: ours folds its journal a few tenths of a second after the last call. */
const QUIET_MS = 500;
/** In that time. What has nothing to do takes a tenth of it. */
const QUIET_US = 5_000;
const MAX_SETTLE_MS = 10_000;

/** `cpuMicros`, once they have done what they put off while they were busy: it belongs to what was asked of them. */
export async function settledMicros(pids: readonly number[]): Promise<number> {
  const deadline = performance.now() + MAX_SETTLE_MS;
  for (let before = cpuMicros(pids); ; ) {
    await sleep(QUIET_MS);
    const now = cpuMicros(pids);
    if (now - before < QUIET_US || performance.now() > deadline) return now;
    before = now;
  }
}

export interface MemoryMb {
  readonly rss: number;
  /** Highest it has been. */
  readonly peak: number;
}

export function memoryMb(pids: readonly number[]): MemoryMb {
  let rss = 0;
  let peak = 0;
  for (const pid of pids) {
    const status = read(`/proc/${pid}/status`) ?? '';
    rss += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
    peak += Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
  }
  return { rss, peak };
}
