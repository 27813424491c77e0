/** People who sign in, as the gateway has them: their store, the rules, and the pages. */

import type { AccountStore } from '../contracts/accounts.ts';
import type { AdminAccounts } from '../contracts/admin.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import type { ConnectionDesk } from '../contracts/connections.ts';
import type { Log } from '../contracts/log.ts';
import type { ObjectStore } from '../contracts/objects.ts';
import type { Sealer } from '../contracts/sealing.ts';
import { foldUserName } from '../domain/accounts/user-name.ts';
import type { Route } from '../edges/http/exchange.ts';
import { createLoginRoutes } from '../edges/login/routes.ts';
import { createPeople, type People } from '../pipeline/accounts/people.ts';
import { createArgon2Hasher } from '../platform/passwords/argon2.ts';
import { openIdentityProvider } from '../upstreams/oauth/identity-provider.ts';

/** Where somebody goes after signing in who was on the way to nowhere else. */
const HOME = '/account';

export interface OpenPeople extends People {
  readonly route: Route;
  /** As the admin API takes them. */
  readonly forAdmin: AdminAccounts;
}

export function openPeople(deps: {
  readonly store: AccountStore;
  readonly objects: ObjectStore;
  readonly sealer: Sealer;
  readonly log: Log;
  readonly now: () => number;
  /** As it is in force. */
  readonly config: () => GatewayConfig;
  /** Where browsers reach the gateway. */
  readonly publicUrl: () => Promise<string>;
  readonly connections: ConnectionDesk;
}): OpenPeople {
  const { store, objects, sealer, log, now, config } = deps;
  const people = createPeople({
    ...{ store, objects, hasher: createArgon2Hasher(), sealer, log, now },
    login: () => config().login,
    publicUrl: () => config().listen.publicUrl,
    openProvider: openIdentityProvider,
  });
  return {
    ...people,
    route: createLoginRoutes({
      sessions: people.sessions,
      signIns: people.signIns,
      home: HOME,
      connections: deps.connections,
    }),
    forAdmin: {
      foldName: foldUserName,
      async invite(userId) {
        const { token, expiresAtMs } = await people.accounts.invite(userId);
        return { url: `${await deps.publicUrl()}/invite/${token}`, expiresAtMs };
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
