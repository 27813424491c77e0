/** The stores that replicas share, as real servers on loopback beside the mock, and what they use. */

import { spawnSync } from 'node:child_process';
import { query, startPostgres, withoutPostgres } from '../../../test/support/postgres.ts';
import { hasRedis, startRedis } from '../../../test/support/redis.ts';
import type { Cleanup } from '../../../test/support/temp-dir.ts';
import { decidePlacement } from '../../harness/processes.ts';
import { cpuMicros, processTree } from '../../harness/usage.ts';

/** A server, with a process of its own for each connection or not. */
export interface Engine {
  readonly url: string;
  /** Microseconds of CPU so far, of all its processes that still run. */
  micros(): number;
}

/** Puts all of it on the core of the mock; what it starts later follows. */
function pinTree(pid: number): void {
  const { mock } = decidePlacement();
  if (mock === undefined) return;
  for (const each of processTree(pid).map(String)) spawnSync('taskset', ['-acp', String(mock), each]);
}

const engine = (url: string, pid: number): Engine => {
  pinTree(pid);
  return { url, micros: () => cpuMicros(processTree(pid)) };
};

/** An empty database on a server of its own; undefined where there is none. */
export async function openPostgres(cleanup: Cleanup): Promise<Engine | undefined> {
  if (withoutPostgres() !== false) return undefined;
  const server = await startPostgres(cleanup);
  const url = await server.newDatabase();
  const [row] = await query(url, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1) AS pid");
  return engine(url, Number(row?.pid));
}

export async function openRedis(cleanup: Cleanup): Promise<Engine | undefined> {
  if (!hasRedis()) return undefined;
  const server = await startRedis(cleanup);
  return engine(server.url, server.pid());
}
