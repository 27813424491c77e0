/** Waits until a user has connected, in this process or another. */

import type { CallSignal } from '../../contracts/call-signal.ts';
import type { ConnectionGate } from '../../contracts/connections.ts';
import { waitForNews } from '../../lib/wait-for-news.ts';

/** What another replica stored is not heard of, but seen. */
const LOOK_MS = 1_000;

/** `before`: the connection that does not do; undefined: there was none. False: time is up, or `signal` was aborted. */
export async function waitUntilConnected(
  connections: Pick<ConnectionGate, 'connectionOf' | 'onChange'>,
  {
    serverId,
    userId,
    before,
  }: { readonly serverId: string; readonly userId: string; readonly before: string | undefined },
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: CallSignal },
): Promise<boolean> {
  const isNew = (connection: string | undefined): boolean => connection !== undefined && connection !== before;
  const kept = {
    find: async () => ({ connection: connections.connectionOf(serverId, userId) }),
    onChange(listener: (id: string) => void): () => void {
      const stop = connections.onChange((server, user) => {
        if (server === serverId && user === userId) listener(serverId);
      });
      const timer = setInterval(() => listener(serverId), LOOK_MS).unref();
      return () => {
        stop();
        clearInterval(timer);
      };
    },
  };
  const last = await waitForNews(kept, serverId, { isOver: ({ connection }) => isNew(connection), timeoutMs, signal });
  return isNew(last?.connection);
}
