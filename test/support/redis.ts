/** A real Redis for tests: on a free port of loopback, in a folder of its own, ended with the test. */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type Cleanup, createTempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export interface StartedRedis {
  readonly url: string;
  readonly port: number;
  /** Of the process as it runs now. */
  pid(): number;
  /** Ends it at once; what it held is gone. */
  kill(): Promise<void>;
  /** Starts an empty one at the same address. */
  restart(): Promise<void>;
}

/** Where there is none the test is skipped, but never in CI. */
export function hasRedis(): boolean {
  return process.env.CI !== undefined || spawnSync('redis-server', ['--version']).status === 0;
}

export async function startRedis(t: Cleanup): Promise<StartedRedis> {
  const dir = await createTempDir(t);
  const port = await freePort();
  const start = async () => {
    const child = spawn(
      'redis-server',
      [...['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], '--dir', dir],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
    await waitFor('Redis to listen', () => {
      if (child.exitCode !== null) throw new Error(`redis-server ended:\n${text}`);
      return text.includes('Ready to accept connections');
    });
    return child;
  };
  let child = await start();
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  t.after(kill);
  return {
    url: `redis://127.0.0.1:${port}/0`,
    port,
    pid: () => child.pid ?? 0,
    kill,
    async restart() {
      await kill();
      child = await start();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
