/** What other replicas did: users who connected there, or disconnected. */

import type { ServerConfig } from '../../contracts/config.ts';
import type { ServerCredentialStore } from '../../contracts/server-credentials.ts';
import { SHARED_OWNER } from './kept-credential.ts';
import type { UserCredentials } from './user-credentials.ts';

export interface FollowDeps {
  readonly store: Pick<ServerCredentialStore, 'list'>;
  readonly users: Pick<UserCredentials, 'connectionOf'>;
  /** Servers with accounts of users. */
  readonly serverOf: (serverId: string) => ServerConfig | undefined;
  /** Somebody has another connection than before, or (`isThere` false) none any more. */
  readonly onChange: (serverId: string, userId: string, isThere: boolean) => void;
}

interface Seen {
  readonly serverId: string;
  readonly owner: string;
  readonly sealed: string;
  /** Null: nobody has looked yet; opening all seals at the start would take its time. */
  readonly connection: string | undefined | null;
}

/** Returns what is to be called when the store has been read anew. A renewal is no change: its connection stays the same. */
export function followConnections({ store, users, serverOf, onChange }: FollowDeps): () => void {
  const look = (before: ReadonlyMap<string, Seen> | undefined): ReadonlyMap<string, Seen> => {
    const seen = new Map<string, Seen>();
    for (const { serverId, owner, sealed } of store.list()) {
      const config = owner === SHARED_OWNER ? undefined : serverOf(serverId);
      if (config === undefined) continue;
      const key = JSON.stringify([serverId, owner]);
      const known = before?.get(key);
      if (before === undefined || known?.sealed === sealed) {
        seen.set(key, known ?? { serverId, owner, sealed, connection: null });
        continue;
      }
      const connection = users.connectionOf(config, owner);
      seen.set(key, { serverId, owner, sealed, connection });
      if (connection !== known?.connection) onChange(serverId, owner, connection !== undefined);
    }
    for (const [key, { serverId, owner }] of before ?? []) if (!seen.has(key)) onChange(serverId, owner, false);
    return seen;
  };
  let last = look(undefined);
  return () => {
    last = look(last);
  };
}
