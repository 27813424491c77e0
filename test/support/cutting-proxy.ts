/** A way to PostgreSQL that breaks when told to: before a COMMIT arrives, or after it, when its answer is awaited. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Cleanup } from './temp-dir.ts';

export interface CuttingProxy {
  /** The same database by this way. */
  readonly url: string;
  /** Connections it broke. */
  cuts(): number;
}

/** `decide` is asked at each COMMIT: whether it arrives, and whether its answer comes back. */
export async function startCuttingProxy(
  cleanup: Cleanup,
  url: string,
  decide: () => 'pass' | 'cut-before' | 'cut-after',
): Promise<CuttingProxy> {
  const target = new URL(url);
  const port = Number(target.port);
  const sockets = new Set<Socket>();
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(port, target.hostname);
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', end).on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    let isMute = false;
    client.on('data', (bytes) => {
      const decision = bytes.includes('COMMIT') ? decide() : 'pass';
      if (decision !== 'pass') cuts++;
      if (decision === 'cut-before') return end();
      if (decision === 'cut-after') isMute = true;
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => {
      if (isMute) end();
      else client.write(bytes);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanup.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  target.port = String(typeof address === 'object' && address !== null ? address.port : 0);
  return { url: target.href, cuts: () => cuts };
}
