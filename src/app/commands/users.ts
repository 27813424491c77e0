/** `portcullis users …`: people who sign in. Works on the data folder; a running gateway notices at once. */

import { type Command, Option } from 'commander';
import { PasswordRefused } from '../../contracts/accounts.ts';
import { ROLES, type Role } from '../../contracts/admin.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { type ChangeAction, ObjectConflict, type StoredObject } from '../../contracts/objects.ts';
import { type UserBody, UserShape } from '../../contracts/shapes/directory.ts';
import { foldUserName } from '../../domain/accounts/user-name.ts';
import { countOtherOwners } from '../../domain/admin/count-owners.ts';
import { createObjectId } from '../../lib/access-token.ts';
import { CommandError, EXIT } from './command-error.ts';
import { addExplainUser } from './explain-user.ts';
import { checkLevel, type LevelOptions, readLevel, withLevelOptions } from './levels.ts';
import { commandOrigin, listAll } from './open-objects.ts';
import { type PeopleHere, withPeople } from './open-people.ts';
import { readPassword } from './read-password.ts';
import { type DataOptions, withDataOptions } from './shared-options.ts';
import { print, printJson, printNote, printTable, renderTime } from './terminal.ts';

const bodyOf = (object: StoredObject): UserBody => UserShape.parse(object.body);

/** By id, or by name whatever its case. Throws CommandError. */
async function requireUser({ objects }: PeopleHere, idOrName: string): Promise<StoredObject> {
  const folded = foldUserName(idOrName);
  const all = await listAll(objects, 'user');
  const found = all.find(({ id }) => id === idOrName) ?? all.find((each) => foldUserName(bodyOf(each).name) === folded);
  if (found !== undefined) return found;
  throw new CommandError(EXIT.failed, `there is no user ${JSON.stringify(idOrName)}`, 'See `portcullis users list`.');
}

async function setPassword(people: PeopleHere, userId: string, name: string, password: string): Promise<void> {
  try {
    await people.accounts.setPassword(userId, name, password);
  } catch (error) {
    if (error instanceof PasswordRefused) throw new CommandError(EXIT.failed, error.message);
    throw error;
  }
}

/** What was done to somebody and stands in no body. */
async function noteDeed({ objects }: PeopleHere, user: StoredObject, action: ChangeAction): Promise<void> {
  const { kind, id, name } = user;
  await objects.note([{ action, kind, id, name, before: undefined, after: undefined }], commandOrigin(), Date.now());
}

async function invite(people: PeopleHere, user: StoredObject, json: boolean | undefined): Promise<void> {
  await noteDeed(people, user, 'invite');
  const { token, expiresAtMs } = await people.accounts.invite(user.id);
  const url = people.inviteUrl(token);
  if (json) printJson({ ...publicUser(user), inviteUrl: url, inviteExpiresAt: new Date(expiresAtMs).toISOString() });
  else print(url);
  if (!json)
    printNote(
      `Who opens this sets the password of ${bodyOf(user).name}. It is good once, until ${renderTime(expiresAtMs)}.`,
    );
}

function publicUser(object: StoredObject): JsonObject {
  const { name, role, email, displayName, isActive, identities } = bodyOf(object);
  const createdAt = new Date(object.createdAtMs).toISOString();
  return {
    id: object.id,
    name,
    role,
    displayName: displayName ?? null,
    email: email ?? null,
    isActive,
    identities,
    createdAt,
  };
}

interface CreateOptions extends DataOptions {
  readonly role: Role;
  readonly email?: string;
  readonly displayName?: string;
  readonly invite?: boolean;
  /** `--no-password`. */
  readonly password: boolean;
  readonly json?: boolean;
}

async function runCreate(name: string, options: CreateOptions): Promise<void> {
  const { role, email, displayName } = options;
  const parsed = UserShape.safeParse({ name, role, email, displayName });
  if (!parsed.success) throw new CommandError(EXIT.usage, 'a name has 1 to 200 characters, an address at most 320');
  const body = JSON.parse(JSON.stringify(parsed.data)) as JsonObject;
  await withPeople(
    options,
    async (people) => {
      const folded = foldUserName(parsed.data.name);
      const all = await listAll(people.objects, 'user');
      if (all.some((each) => foldUserName(bodyOf(each).name) === folded)) throw taken(name);
      const password = options.invite || !options.password ? undefined : await readPassword(name);
      const id = createObjectId('user');
      // First: a password that is refused must not leave a user behind.
      if (password !== undefined) await setPassword(people, id, parsed.data.name, password);
      const write = { action: 'create', kind: 'user', id, name: folded, body } as const;
      const [user] = await people.objects.write([write], commandOrigin(), Date.now()).catch(async (error: unknown) => {
        await people.accounts.forget(id);
        if (error instanceof ObjectConflict) throw taken(name);
        throw error;
      });
      if (user === undefined) throw new Error('the user was not stored');
      if (options.invite) await invite(people, user, options.json);
      else if (options.json) printJson(publicUser(user));
      else print(`${parsed.data.name} is here with the role ${role}.`);
    },
    { mayCreate: true },
  );
}

const taken = (name: string): CommandError =>
  new CommandError(EXIT.failed, `there is a user ${JSON.stringify(name)} already`, 'See `portcullis users list`.');

async function runList(options: DataOptions & { readonly json?: boolean }): Promise<void> {
  await withPeople(options, async ({ objects, store }) => {
    const users = await listAll(objects, 'user');
    if (options.json) return printJson(users.map(publicUser));
    if (users.length === 0)
      printNote('There are no users. Make the first with `portcullis users create NAME --role owner`.');
    const rows = users.map(async (user) => {
      const { name, role, isActive, identities } = bodyOf(user);
      const sessions = await store.listSessions(user.id);
      const ways = [
        ...((await store.password(user.id)) === undefined ? [] : ['password']),
        ...identities.map(({ issuer }) => issuer),
      ];
      const state = isActive
        ? ({ text: 'active', style: 'green' } as const)
        : ({ text: 'disabled', style: 'red' } as const);
      return [
        name,
        role,
        state,
        String(sessions.length),
        renderTime(user.createdAtMs),
        ways.join(', ') || '(none yet)',
      ];
    });
    printTable(['NAME', 'ROLE', 'STATE', 'SESSIONS', 'CREATED', 'SIGNS IN WITH'], await Promise.all(rows));
  });
}

/** Commands about one user who is there. */
function onUser<O extends DataOptions>(
  act: (people: PeopleHere, user: StoredObject, options: O) => Promise<void>,
): (idOrName: string, options: O) => Promise<void> {
  return (idOrName, options) =>
    withPeople(options, async (people) => act(people, await requireUser(people, idOrName), options));
}

function refuseConflict(error: unknown): never {
  if (!(error instanceof ObjectConflict)) throw error;
  throw new CommandError(EXIT.failed, 'somebody else changed users just now; nothing was done', 'Try again.');
}

async function update(people: PeopleHere, user: StoredObject, change: Partial<UserBody>): Promise<void> {
  const { id, name, version } = user;
  const body = { ...user.body, ...change };
  const { seq } = await people.objects.changedSince(Number.MAX_SAFE_INTEGER);
  const isOwner = (of: UserBody): boolean => of.role === 'owner' && of.isActive;
  const all = [...(await listAll(people.objects, 'user')), ...(await listAll(people.objects, 'admin-token'))];
  if (isOwner(bodyOf(user)) && !isOwner(bodyOf({ ...user, body })) && countOtherOwners(all, id, Date.now()) === 0)
    throw new CommandError(
      EXIT.failed,
      `${bodyOf(user).name} is the last owner`,
      'Make another one first, as with `portcullis users create NAME --role owner`.',
    );
  const write = { action: 'update', kind: 'user', id, name, body, ifVersion: version } as const;
  const lookedAt = { kinds: ['user', 'admin-token'], seq } as const;
  await people.objects.write([write], commandOrigin(), Date.now(), lookedAt).catch(refuseConflict);
  await people.store.endSessions(id);
}

/** Adds the command. */
export function usersCommand(program: Command): void {
  const users = program.command('users').description('People who sign in: make, invite, disable them');
  const role = () => new Option('--role <role>', 'what they may do').choices([...ROLES]);
  withDataOptions(users.command('create <name>'))
    .description('Make a user; the password is asked for, or read from standard input')
    .addOption(role().default('member'))
    .option('--display-name <name>', 'full name')
    .option('--email <address>', 'e-mail address')
    .option('--invite', 'print a link by which they set their password themselves')
    .option('--no-password', 'no password: they sign in at an identity provider')
    .option('--json', 'print the user as JSON')
    .addHelpText(
      'after',
      `
Examples:
  portcullis users create ada --role owner
  portcullis users create grace --role admin --email grace@example.com --invite`,
    )
    .action(runCreate);
  withDataOptions(users.command('list'))
    .description('List users: role, state, sessions, how they sign in')
    .option('--json', 'print as a JSON array')
    .action(runList);
  withDataOptions(users.command('invite <user>'))
    .description('Print a link, good once, by which they set a new password; voids those before')
    .option('--json', 'print as JSON')
    .action(onUser<DataOptions & { json?: boolean }>((people, user, { json }) => invite(people, user, json)));
  withDataOptions(users.command('set-password <user>'))
    .description('Set a password, typed or from standard input; ends all sessions')
    .action(
      onUser(async (people, user) => {
        const { name } = bodyOf(user);
        await setPassword(people, user.id, name, await readPassword(name));
        await noteDeed(people, user, 'set-password');
        print(`The password of ${name} is set.`);
      }),
    );
  withDataOptions(users.command('set-role <user>'))
    .description('Give another role; ends all sessions')
    .addOption(role().makeOptionMandatory())
    .action(
      onUser<DataOptions & { role: Role }>(async (people, user, options) => {
        await update(people, user, { role: options.role });
        print(`${bodyOf(user).name} has the role ${options.role}.`);
      }),
    );
  withLevelOptions(users.command('set <user>'), 'user')
    .description('Change what is given: bounds, limits and labels of their keys as a whole each; the rest stays')
    .action(
      onUser<LevelOptions>(async ({ objects }, user, options) => {
        const { kind, id, name, version } = user;
        const body = checkLevel('user', { ...user.body, ...(await readLevel(objects, options)) });
        const write = { action: 'update', kind, id, name, body, ifVersion: version } as const;
        const [now] = await objects.write([write], commandOrigin(), Date.now()).catch(refuseConflict);
        if (options.json && now !== undefined) printJson({ id, version: now.version, ...now.body });
        else print(`${bodyOf(user).name} is changed.`);
      }),
    );
  withDataOptions(users.command('disable <user>'))
    .description('Shut out at once: no sign-in, no keys of their own; ends all sessions')
    .action(
      onUser(async (people, user) => {
        await update(people, user, { isActive: false });
        print(`${bodyOf(user).name} is disabled.`);
      }),
    );
  withDataOptions(users.command('enable <user>'))
    .description('Take back `disable`')
    .action(
      onUser(async (people, user) => {
        await update(people, user, { isActive: true });
        print(`${bodyOf(user).name} is active.`);
      }),
    );
  withDataOptions(users.command('unlock <user>'))
    .description('Let them try again at once after too many failed sign-ins')
    .action(
      onUser(async (people, user) => {
        await people.accounts.unlock(bodyOf(user).name);
        await noteDeed(people, user, 'unlock');
        print(`${bodyOf(user).name} may try again.`);
      }),
    );
  withDataOptions(users.command('sign-out <user>'))
    .description('End all their sessions')
    .action(
      onUser(async (people, user) => {
        const ended = await people.store.endSessions(user.id);
        if (ended > 0) await noteDeed(people, user, 'end-sessions');
        print(`${ended} session${ended === 1 ? '' : 's'} of ${bodyOf(user).name} ended.`);
      }),
    );
  addExplainUser(users);
}
