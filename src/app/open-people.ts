/** People who sign in, as the gateway has them: their store, the rules, the pages, and the clients that they let in. */

import type { AdminAccounts } from '../contracts/admin.ts';
import type { OAuthGrantDesk } from '../contracts/authorization-server.ts';
import type { ConnectionDesk } from '../contracts/connections.ts';
import { foldUserName } from '../domain/accounts/user-name.ts';
import type { Route } from '../edges/http/exchange.ts';
import { createLoginRoutes } from '../edges/login/routes.ts';
import { createPeople, type People } from '../pipeline/accounts/people.ts';
import type { OwnTokens } from '../pipeline/authorization/own-tokens.ts';
import { createArgon2Hasher } from '../platform/passwords/argon2.ts';
import { openIdentityProvider } from '../upstreams/oauth/identity-provider.ts';
import { type AuthorizationServerParts, openAuthorizationServer } from './open-authorization-server.ts';
import type { Stores } from './open-stores.ts';

/** Where somebody goes after signing in who was on the way to nowhere else. */
const HOME = '/account';

export interface OpenPeople extends People {
  readonly routes: readonly Route[];
  /** As the admin API takes them. */
  readonly forAdmin: AdminAccounts;
  readonly grants: OAuthGrantDesk;
  /** Access tokens of our own authorization server. */
  readonly tokens: OwnTokens;
}

export async function openPeople(
  deps: AuthorizationServerParts & {
    readonly stores: Pick<Stores, 'accounts' | 'oauth'>;
    readonly connections: ConnectionDesk;
  },
): Promise<OpenPeople> {
  const { stores, objects, gateway, log, now, connections } = deps;
  const sealer = deps.sealing.forClients;
  const { config } = gateway;
  const people = createPeople({
    ...{ store: await stores.accounts(), objects, hasher: createArgon2Hasher(), sealer, log, now },
    login: () => config().login,
    publicUrl: () => config().listen.publicUrl,
    openProvider: openIdentityProvider,
  });
  const { desk, route, tokens, grants } = await openAuthorizationServer(deps);
  return {
    ...people,
    ...{ tokens, grants },
    routes: [
      createLoginRoutes({ sessions: people.sessions, signIns: people.signIns, home: HOME, desk, connections }),
      route,
    ],
    forAdmin: {
      foldName: foldUserName,
      async invite(userId) {
        const { token, expiresAtMs } = await people.accounts.invite(userId);
        return { url: `${await deps.publicUrl.settled()}/invite/${token}`, expiresAtMs };
      },
      async endSessions(userId) {
        await people.sessions.endAll(userId);
      },
      async forget(userId) {
        await people.accounts.forget(userId);
        await deps.connections.forget(userId);
      },
    },
  };
}
