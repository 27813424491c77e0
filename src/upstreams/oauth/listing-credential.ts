/**
 * What the gateway itself sends to a server where each user has a credential of their own: it has to list what the server offers.
 * That of an operator who signed in for it, else that of whoever connected first, else none.
 */

import type { ServerConfig } from '../../contracts/config.ts';
import type { Renewal, ServerCredential } from '../../contracts/server-credentials.ts';
import type { UserCredentials } from './user-credentials.ts';

/**
 * For one link: who signed in to the session at the other end is who stays in it. `own`: undefined where users fill in headers, at
 * which nobody can sign in. `refused`: connections that do not do, to be remembered from link to link.
 */
export function createListingCredential(
  users: UserCredentials,
  config: ServerConfig,
  own: ServerCredential | undefined,
  refused: Set<string>,
): ServerCredential {
  const find = (): { readonly owner: string; readonly connection: string } | undefined => {
    for (const owner of users.connected(config)) {
      const connection = users.connectionOf(config, owner);
      if (connection !== undefined && !refused.has(connection)) return { owner, connection };
    }
    return undefined;
  };
  const user = own?.header === undefined ? find() : undefined;
  const chosen = user === undefined ? own : users.of(config, user.owner);

  return {
    get header() {
      return chosen?.header;
    },
    get more() {
      return chosen?.more;
    },
    async renew(challenge): Promise<Renewal> {
      const renewal: Renewal = (await chosen?.renew(challenge)) ?? { type: 'refused', hint: undefined };
      if (renewal.type === 'renewed' || renewal.wants === 'time' || challenge.status === 403) return renewal;
      if (user !== undefined) refused.add(user.connection);
      if (find() !== undefined) return { type: 'refused', hint: 'that of another user is tried', wants: 'link' };
      // Now it is an operator's turn.
      if (user !== undefined && own !== undefined) return own.renew({ ...challenge, sent: own.header });
      return { type: 'refused', hint: renewal.hint ?? 'somebody has to connect at /account/connections' };
    },
  };
}
