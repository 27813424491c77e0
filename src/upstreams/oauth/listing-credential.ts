/**
 * What the gateway itself sends to a server where each user has a credential of their own: it has to list what the server offers.
 * That of an operator who signed in for it, else that of whoever connected first, else none.
 */

import type { ServerConfig } from '../../contracts/config.ts';
import type { Renewal, ServerCredential } from '../../contracts/server-credentials.ts';
import type { UserCredentials } from './user-credentials.ts';

/** `own`: undefined where users fill in headers, at which nobody can sign in. */
export function createListingCredential(
  users: UserCredentials,
  config: ServerConfig,
  own: ServerCredential | undefined,
): ServerCredential {
  /** Which do not do; whoever connects anew has another one. */
  const refused = new Set<string>();
  const pick = (): { readonly credential: ServerCredential | undefined; readonly connection?: string } => {
    if (own?.header !== undefined) return { credential: own };
    for (const owner of users.connected(config)) {
      const connection = users.connectionOf(config, owner);
      if (connection !== undefined && !refused.has(connection))
        return { credential: users.of(config, owner), connection };
    }
    return { credential: own };
  };
  let chosen = pick();

  return {
    get header() {
      return chosen.credential?.header;
    },
    get more() {
      return chosen.credential?.more;
    },
    async renew(challenge): Promise<Renewal> {
      const { credential, connection } = chosen;
      const renewal: Renewal = (await credential?.renew(challenge)) ?? { type: 'refused', hint: undefined };
      if (renewal.type === 'renewed' || challenge.status === 403) return renewal;
      if (connection !== undefined) {
        refused.add(connection);
        chosen = pick();
        if (chosen.connection !== undefined) return { type: 'renewed' };
        // Now it is an operator's turn.
        if (own !== undefined) return own.renew({ ...challenge, sent: own.header });
      } else {
        chosen = pick();
        if (chosen.connection !== undefined) return { type: 'renewed' };
      }
      return { type: 'refused', hint: renewal.hint ?? 'somebody has to connect at /account/connections' };
    },
  };
}
