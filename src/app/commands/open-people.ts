/** Users and their credentials, as commands work on them without a gateway: those of the data folder, or of the database. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { AccountStore, Accounts } from '../../contracts/accounts.ts';
import type { GatewayConfig } from '../../contracts/config.ts';
import type { ObjectStore } from '../../contracts/objects.ts';
import { createPeople } from '../../pipeline/accounts/people.ts';
import { readEnvironment } from '../../platform/config/environment.ts';
import { loadConfig } from '../../platform/config/load-config.ts';
import { createArgon2Hasher } from '../../platform/passwords/argon2.ts';
import { withStores } from './command-stores.ts';
import { type DataOptions, DEFAULT_CONFIG, DEFAULT_URL } from './shared-options.ts';

export interface PeopleHere {
  readonly objects: ObjectStore;
  readonly store: AccountStore;
  readonly accounts: Accounts;
  /** Of an invitation, as people open it. */
  readonly inviteUrl: (token: string) => string;
}

/** What the configuration says, where there is a good one. */
async function readConfig(options: DataOptions): Promise<GatewayConfig | undefined> {
  const file = resolve(options.config ?? DEFAULT_CONFIG);
  if (!existsSync(file)) return undefined;
  const result = await loadConfig({ file, env: readEnvironment() });
  return result.ok ? result.config : undefined;
}

function addressOf(config: GatewayConfig | undefined): string {
  if (config?.listen.publicUrl !== undefined) return config.listen.publicUrl;
  const port = config?.listen.port ?? 0;
  return port === 0 ? DEFAULT_URL : `http://127.0.0.1:${port}`;
}

export async function withPeople<T>(
  options: DataOptions,
  use: (people: PeopleHere) => Promise<T>,
  creation?: { readonly mayCreate?: boolean },
): Promise<T> {
  const config = await readConfig(options);
  const silent = (): void => {};
  const refuse = (): never => {
    throw new Error('no command signs in');
  };
  return withStores(
    options,
    async (stores) => {
      const objects = await stores.objects();
      const store = await stores.accounts();
      const { accounts } = createPeople({
        ...{ store, objects, hasher: createArgon2Hasher(), now: Date.now },
        // Only sign-ins at providers are sealed.
        sealer: { seal: refuse, open: refuse },
        login: () => config?.login,
        publicUrl: () => config?.listen.publicUrl,
        openProvider: refuse,
        log: { debug: silent, info: silent, warn: silent, error: silent },
      });
      return use({ objects, store, accounts, inviteUrl: (token) => `${addressOf(config)}/invite/${token}` });
    },
    creation,
  );
}
