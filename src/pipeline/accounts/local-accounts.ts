/** Accounts with a password of ours: signing in, invitations, changing it. What takes long takes as long for names that nobody has. */

import { createHash } from 'node:crypto';
import {
  type AccountStore,
  type Accounts,
  type AttemptRule,
  type PasswordHasher,
  PasswordRefused,
} from '../../contracts/accounts.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { Log } from '../../contracts/log.ts';
import type { LoginConfig } from '../../contracts/login-config.ts';
import type { AddressedRequest, PasswordSignIn, SignIns } from '../../contracts/sign-ins.ts';
import { judgePassword, normalizePassword } from '../../domain/accounts/judge-password.ts';
import { foldUserName } from '../../domain/accounts/user-name.ts';
import { hashOf, siteOf } from './browser.ts';
import { networkOf } from './network-of.ts';
import type { SessionBook } from './sessions.ts';
import type { User, Users } from './users.ts';

export interface LocalAccountDeps {
  readonly store: AccountStore;
  readonly users: Users;
  readonly sessions: SessionBook;
  readonly hasher: PasswordHasher;
  readonly login: () => LoginConfig;
  readonly publicUrl: () => string | undefined;
  readonly log: Log;
  readonly now: () => number;
  readonly newSecret: () => string;
}

/** Five mistakes are free; nobody can keep a person out for longer than a quarter of an hour at a time. */
const BY_NAME: AttemptRule = { free: 5, firstWaitMs: 5_000, maxWaitMs: 900_000, forgetMs: 86_400_000 };
/** Many people may share an address. */
const BY_ADDRESS: AttemptRule = { free: 30, firstWaitMs: 2_000, maxWaitMs: 300_000, forgetMs: 3_600_000 };

/** Hashed: people type passwords into the field for names. */
function nameSubject(name: string): string {
  return `name:${createHash('sha256').update(foldUserName(name)).digest('base64url')}`;
}

export type LocalAccounts = Accounts &
  Pick<SignIns, 'withPassword' | 'changePassword' | 'invited' | 'useInvitation' | 'hasPassword'>;

type Checked =
  | { readonly type: 'right'; readonly user: User }
  | Exclude<PasswordSignIn, { readonly type: 'signed-in' }>;

const isTooMany = (error: unknown): boolean => error instanceof GatewayError && error.code === 'too_many';

export function createLocalAccounts(deps: LocalAccountDeps): LocalAccounts {
  const { store, users, sessions, hasher, log, now } = deps;
  let stranger: Promise<string> | undefined;

  /** What is checked where there is no hash to check: the same work. */
  const strangersHash = (): Promise<string> => {
    stranger ??= hasher.hash(deps.newSecret());
    stranger.catch(() => {
      stranger = undefined;
    });
    return stranger;
  };

  /** Counts beforehand, and takes back what was no failure. */
  const check = async (
    request: AddressedRequest,
    name: string,
    user: User | undefined,
    password: string,
  ): Promise<Checked> => {
    const address = deps.login().lockOutByAddress ? request.remoteAddress : undefined;
    const addressSubject = address === undefined ? undefined : `address:${networkOf(address)}`;
    if (addressSubject !== undefined) {
      const waitMs = await store.beginAttempt(addressSubject, BY_ADDRESS, now());
      if (waitMs > 0) return { type: 'wait', waitMs };
    }
    const subject = nameSubject(name);
    const waitMs = await store.beginAttempt(subject, BY_NAME, now());
    if (waitMs > 0) {
      if (addressSubject !== undefined) await store.takeBackAttempt(addressSubject);
      return { type: 'wait', waitMs };
    }
    const given = normalizePassword(password);
    const kept = user === undefined ? undefined : await store.password(user.id);
    try {
      // Before it is known whether it is needed: the first to sign in must not be told apart either.
      const standIn = await strangersHash();
      const isRight = await hasher.verify(kept ?? standIn, given);
      if (!isRight || kept === undefined || user === undefined || !user.body.isActive) {
        log.warn('a sign-in was refused', { name: user?.body.name ?? '(unknown)', address: request.remoteAddress });
        return { type: 'refused' };
      }
      if (hasher.isOutdated(kept)) await store.replaceHash(user.id, kept, await hasher.hash(given));
    } catch (error) {
      if (!isTooMany(error)) throw error;
      await store.takeBackAttempt(subject);
      if (addressSubject !== undefined) await store.takeBackAttempt(addressSubject);
      return { type: 'busy' };
    }
    await store.clearAttempts(subject);
    if (addressSubject !== undefined) await store.takeBackAttempt(addressSubject);
    return { type: 'right', user };
  };

  /** Throws PasswordRefused. */
  const hashNew = async (userName: string, password: string): Promise<string> => {
    const given = normalizePassword(password);
    const reason = judgePassword(given, userName);
    if (reason !== undefined) throw new PasswordRefused(reason);
    return hasher.hash(given);
  };

  const keepHash = async (userId: string, userName: string, hash: string): Promise<void> => {
    await store.setPassword(userId, hash, now());
    await store.clearAttempts(nameSubject(userName));
  };

  /** What may go wrong with a new password, as a verdict. */
  const trySet = async <T>(
    work: () => Promise<T>,
  ): Promise<T | { readonly type: 'unfit'; readonly reason: string } | { readonly type: 'busy' }> => {
    try {
      return await work();
    } catch (error) {
      if (error instanceof PasswordRefused) return { type: 'unfit', reason: error.message };
      if (isTooMany(error)) return { type: 'busy' };
      throw error;
    }
  };

  const findInvited = async (token: string): Promise<User | undefined> => {
    const userId = await store.findInvitation(hashOf(token), now());
    const user = userId === undefined ? undefined : await users.find(userId);
    return user?.body.isActive === true && deps.login().localAccounts ? user : undefined;
  };

  return {
    async setPassword(userId, userName, password) {
      await keepHash(userId, userName, await hashNew(userName, password));
    },
    async invite(userId) {
      const token = deps.newSecret();
      const expiresAtMs = now() + deps.login().invitationMs;
      await store.addInvitation(userId, hashOf(token), expiresAtMs);
      return { token, expiresAtMs };
    },
    unlock: (userName) => store.clearAttempts(nameSubject(userName)),
    forget: (userId) => store.forgetUser(userId),
    async hasPassword(userId) {
      return (await store.password(userId)) !== undefined;
    },
    async withPassword(request, name, password) {
      const site = siteOf(request, deps.publicUrl());
      if (site === undefined || !deps.login().localAccounts) return { type: 'refused' };
      const checked = await check(request, name, await users.byName(name), password);
      if (checked.type !== 'right') return checked;
      const { user } = checked;
      const cookie = await sessions.begin(request, site, user, { provider: undefined, sealed: undefined });
      log.info('somebody signed in', { user: user.body.name, with: 'password', address: request.remoteAddress });
      return { type: 'signed-in', cookie };
    },
    async changePassword(request, actor, before, after) {
      const site = siteOf(request, deps.publicUrl());
      const user = await users.find(actor.id);
      if (site === undefined || user === undefined || !deps.login().localAccounts) return { type: 'refused' };
      const unfit = judgePassword(normalizePassword(after), user.body.name);
      if (unfit !== undefined) return { type: 'unfit', reason: unfit };
      if (normalizePassword(before) === normalizePassword(after))
        return { type: 'unfit', reason: 'The new password is the same as before.' };
      const checked = await check(request, user.body.name, user, before);
      if (checked.type !== 'right') return checked;
      return trySet(async () => {
        await keepHash(user.id, user.body.name, await hashNew(user.body.name, after));
        const cookie = await sessions.begin(request, site, user, { provider: undefined, sealed: undefined });
        log.info('a password was changed', { user: user.body.name });
        return { type: 'changed', cookie } as const;
      });
    },
    async invited(token) {
      return (await findInvited(token))?.body.name;
    },
    async useInvitation(token, password) {
      const user = await findInvited(token);
      if (user === undefined) return { type: 'unknown' };
      return trySet(async () => {
        const hash = await hashNew(user.body.name, password);
        // After the work, which may fail; of two at once only one sets a password all the same.
        if ((await store.takeInvitation(hashOf(token), now())) !== user.id) return { type: 'unknown' } as const;
        await keepHash(user.id, user.body.name, hash);
        log.info('a password was set by invitation', { user: user.body.name });
        return { type: 'set', userName: user.body.name } as const;
      });
    },
  };
}
