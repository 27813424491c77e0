/** Everything about people's accounts in one place: sessions for the admin API, signing in for the pages, accounts to manage. */

import { randomBytes } from 'node:crypto';
import type { AccountStore, Accounts, IdentityProvider, PasswordHasher, Sessions } from '../../contracts/accounts.ts';
import type { Log } from '../../contracts/log.ts';
import type { IdentityProviderConfig, LoginConfig } from '../../contracts/login-config.ts';
import type { ObjectStore } from '../../contracts/objects.ts';
import type { Sealer } from '../../contracts/sealing.ts';
import type { SignIns } from '../../contracts/sign-ins.ts';
import { siteOf } from './browser.ts';
import { createLinkUser } from './link-user.ts';
import { createLocalAccounts } from './local-accounts.ts';
import { createProviderSignIns } from './provider-sign-ins.ts';
import { createSessions } from './sessions.ts';
import { createUsers } from './users.ts';

export interface PeopleDeps {
  readonly store: AccountStore;
  readonly objects: ObjectStore;
  readonly hasher: PasswordHasher;
  readonly sealer: Sealer;
  /** Read on every request, so that a configuration swap takes effect at once. */
  readonly login: () => LoginConfig | undefined;
  readonly publicUrl: () => string | undefined;
  readonly openProvider: (config: IdentityProviderConfig) => IdentityProvider;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Where the configuration does not say otherwise. */
const DEFAULT_LOGIN: LoginConfig = {
  localAccounts: true,
  providers: [],
  session: { idleMs: 43_200_000, maxMs: 604_800_000 },
  invitationMs: 259_200_000,
  lockOutByAddress: true,
};

export interface People {
  readonly sessions: Sessions;
  readonly signIns: SignIns;
  readonly accounts: Accounts;
}

export function createPeople(deps: PeopleDeps): People {
  const { store, objects, hasher, sealer, publicUrl, log, now } = deps;
  const login = (): LoginConfig => deps.login() ?? DEFAULT_LOGIN;
  const newSecret = (): string => randomBytes(32).toString('base64url');
  const newHex = (): string => randomBytes(8).toString('hex');
  const users = createUsers(objects);
  const sessions = createSessions({ store, users, login, publicUrl, now, newSecret, newHex });
  const local = createLocalAccounts({ store, users, sessions, hasher, login, publicUrl, log, now, newSecret });
  // As long as the configuration stands: a provider may keep what it has learned for a moment.
  const opened = new WeakMap<IdentityProviderConfig, IdentityProvider>();
  const open = (config: IdentityProviderConfig): IdentityProvider => {
    const provider = opened.get(config) ?? deps.openProvider(config);
    opened.set(config, provider);
    return provider;
  };
  const link = createLinkUser({ objects, users, log, now, newHex });
  const atProviders = createProviderSignIns({
    ...{ store, sessions, link, login, sealer, publicUrl, log, now, newSecret },
    open,
  });
  const signIns: SignIns = {
    ...local,
    ...atProviders,
    siteOf: (request) => siteOf(request, publicUrl()),
    ways: () => ({
      password: login().localAccounts,
      providers: login().providers.map(({ name, title }) => ({ name, title })),
    }),
    hasUsers: async () => !(await users.isEmpty()),
  };
  return { sessions, signIns, accounts: local };
}
