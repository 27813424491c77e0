/** The pages for people on loopback, over real stores and real hashes, with a clock that the test turns. */

import type { AccountStore, PasswordHasher } from '../../src/contracts/accounts.ts';
import type { Role } from '../../src/contracts/admin.ts';
import type { LoginConfig } from '../../src/contracts/login-config.ts';
import type { ObjectStore, StoredObject } from '../../src/contracts/objects.ts';
import { type UserBody, UserShape } from '../../src/contracts/shapes/directory.ts';
import type { Route } from '../../src/edges/http/exchange.ts';
import { createHttpServer } from '../../src/edges/http/http-server.ts';
import { createLoginRoutes } from '../../src/edges/login/routes.ts';
import { createPeople, type People } from '../../src/pipeline/accounts/people.ts';
import { parseConfig } from '../../src/platform/config/parse-config.ts';
import { type Argon2Cost, createArgon2Hasher } from '../../src/platform/passwords/argon2.ts';
import { createSealer } from '../../src/platform/sealing/create-sealer.ts';
import { openSealKeyFile } from '../../src/platform/sealing/key-file.ts';
import { keysOf } from '../../src/platform/sealing/seal-key.ts';
import { openAccountStore } from '../../src/platform/stores/sqlite/accounts.ts';
import { openObjectStore } from '../../src/platform/stores/sqlite/objects.ts';
import { openIdentityProvider } from '../../src/upstreams/oauth/identity-provider.ts';
import { type Cleanup, createTempDir } from './temp-dir.ts';

/** Hashes in a few milliseconds. */
export const CHEAP: Argon2Cost = { memoryKib: 64, passes: 1, lanes: 1 };
export const PASSWORD = 'correct horse battery staple';

export interface LoginSite {
  readonly url: string;
  readonly people: People;
  readonly objects: ObjectStore;
  readonly store: AccountStore;
  readonly clock: { nowMs: number };
  /** Hashes made and checked so far. */
  readonly work: { hashes: number; checks: number };
  readonly log: readonly string[];
  /** Takes another configuration, as a file that was edited would. */
  configure(login: object): void;
  /** With a password unless it is undefined. */
  addUser(name: string, role: Role, password?: string, more?: Partial<UserBody>): Promise<StoredObject>;
  changeUser(id: string, change: Partial<UserBody>): Promise<void>;
  user(id: string): Promise<UserBody>;
}

export function parseLogin(login: object): LoginConfig | undefined {
  const parsed = parseConfig(JSON.stringify({ login }), { file: '/portcullis.json', env: {}, readFile: () => '' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.config.login;
}

const BY = { actor: { type: 'operator', id: 'test', name: 'test' }, via: 'cli' } as const;

export async function startLoginSite(
  t: Cleanup,
  options: {
    readonly login?: object;
    readonly publicUrl?: string;
    readonly cost?: Argon2Cost;
    /** Store of another site, as replicas share one. */
    readonly dataDir?: string;
    readonly more?: (people: People) => readonly Route[];
  } = {},
): Promise<LoginSite> {
  const dataDir = options.dataDir ?? (await createTempDir(t));
  const clock = { nowMs: 1_800_000_000_000 };
  const work = { hashes: 0, checks: 0 };
  const log: string[] = [];
  const note = (message: string, fields?: object): void => {
    const text = JSON.stringify(fields ?? {}, (_, value) => (value instanceof Error ? String(value) : value));
    log.push(`${message} ${text}`);
  };
  const logger = { debug: note, info: note, warn: note, error: note };
  const real = createArgon2Hasher(options.cost ?? CHEAP);
  const hasher: PasswordHasher = {
    hash: (password) => {
      work.hashes++;
      return real.hash(password);
    },
    verify: (hash, password) => {
      work.checks++;
      return real.verify(hash, password);
    },
    isOutdated: real.isOutdated,
  };
  const objects = openObjectStore({ dataDir });
  const store = openAccountStore({ dataDir });
  let login = options.login && parseLogin(options.login);
  const people = createPeople({
    ...{ store, objects, hasher, log: logger, now: () => clock.nowMs, openProvider: openIdentityProvider },
    sealer: createSealer(keysOf(openSealKeyFile(dataDir), [])),
    login: () => login,
    publicUrl: () => options.publicUrl,
  });
  const routes = createLoginRoutes({ sessions: people.sessions, signIns: people.signIns, home: '/account' });
  const publicHost = options.publicUrl === undefined ? [] : [new URL(options.publicUrl).host];
  const http = createHttpServer({
    routes: [routes, ...(options.more?.(people) ?? [])],
    log: logger,
    limits: { maxBodyBytes: 1_000_000 },
    allowed: () => ({ hosts: [...publicHost, 'gateway.example'], origins: [] }),
  });
  const { url } = await http.listen('127.0.0.1', 0);
  t.after(async () => {
    await http.close(1_000);
    await store[Symbol.asyncDispose]();
    await objects[Symbol.asyncDispose]();
  });
  const write = async (action: 'create' | 'update', id: string, body: UserBody): Promise<StoredObject> => {
    const target = { kind: 'user', id, name: body.name.toLowerCase(), body } as const;
    const each = action === 'create' ? { action, ...target } : { action, ...target, ifVersion: undefined };
    const [written] = await objects.write([each], BY, clock.nowMs);
    if (written === undefined) throw new Error('nothing was written');
    return written;
  };
  let made = 0;
  const user = async (id: string): Promise<UserBody> => UserShape.parse((await objects.find('user', id))?.body);
  return {
    ...{ url, people, objects, store, clock, work, log, user },
    configure(next) {
      login = parseLogin(next);
    },
    async addUser(name, role, password, more = {}) {
      const id = `user_${String(++made).padStart(16, '0')}`;
      const written = await write('create', id, UserShape.parse({ name, role, ...more }));
      if (password !== undefined) await people.accounts.setPassword(id, name, password);
      return written;
    },
    async changeUser(id, change) {
      await write('update', id, { ...(await user(id)), ...change });
    },
  };
}
