/** Links of a server at which each user has a credential of their own: a call goes over a link of its user, and over no other. */

import { GatewayError } from '../../contracts/errors.ts';
import type { Era } from '../../contracts/peer.ts';
import type { ServerCredentials } from '../../contracts/server-credentials.ts';
import type { UpstreamRequest } from '../../contracts/upstream.ts';
import type { ClientScope, createClientScopes } from './client-scope.ts';
import type { KeptLink, LinkDeps } from './kept-link.ts';
import { createLinkPool, MAX_USER_LINKS } from './link-pool.ts';

export interface UserLinks {
  /** The link of this call's user, if it is open. */
  ready(request: UpstreamRequest): KeptLink | undefined;
  /** Opens or finds it, and holds it. Throws GatewayError, also `user_required` and `connection_required`. */
  acquire(request: UpstreamRequest, deadlineTicks: number): Promise<KeptLink>;
  /** Of the server, as far as it is known. */
  era(): Era | undefined;
  open(): readonly KeptLink[];
  close(drainMs: number): Promise<void>;
}

export function createUserLinks(options: {
  readonly deps: LinkDeps;
  readonly scopeOf: ReturnType<typeof createClientScopes>;
  readonly credentials: Pick<ServerCredentials, 'connectionOf'> | undefined;
  /** Of the link that lists. */
  readonly era: () => Era | undefined;
  readonly onOpen: (kept: KeptLink) => void;
}): UserLinks {
  const { deps, scopeOf, credentials } = options;
  const { clock, config } = deps;
  let seen: Era | undefined;
  const era = (): Era | undefined => options.era() ?? seen;
  const pool = createLinkPool(deps, {
    eraHint: era,
    maxLinks: MAX_USER_LINKS,
    onOpen(kept) {
      seen = kept.link.era;
      options.onOpen(kept);
    },
  });

  /** Whoever connects anew gets another link: the session behind the old one is of the account before. */
  const scopeFor = ({ owner, keyId, peer }: UpstreamRequest): ClientScope | 'user_required' | 'connection_required' => {
    if (owner === undefined) return 'user_required';
    const connection = credentials?.connectionOf?.(config, owner);
    if (connection === undefined) return 'connection_required';
    const client = era() === 'modern' ? undefined : scopeOf(keyId, peer);
    const key = JSON.stringify([owner, connection, client?.key]);
    return { key, capabilities: client?.capabilities ?? '{}', owner };
  };

  return {
    ready(request) {
      const scope = scopeFor(request);
      return typeof scope === 'string' ? undefined : pool.ready(scope, request.peer.session);
    },
    async acquire(request, deadlineTicks) {
      const scope = scopeFor(request);
      if (typeof scope === 'string') throw new GatewayError(scope, `server "${config.id}"`);
      return pool.acquire(scope, request.peer.session, deadlineTicks - clock.ticks(), request.signal);
    },
    era,
    open: pool.open,
    close: pool.close,
  };
}
