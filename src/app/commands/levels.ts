/** `portcullis teams|organizations create|list|set|delete`: the levels that stand above keys, in the gateway's store. */

import type { Command } from 'commander';
import type { JsonObject } from '../../contracts/json.ts';
import { ObjectConflict, type ObjectStore, type ObjectWrite, type StoredObject } from '../../contracts/objects.ts';
import {
  type KeyBody,
  OrganizationShape,
  type TeamBody,
  TeamShape,
  type UserBody,
  UserShape,
} from '../../contracts/shapes/directory.ts';
import { findLevelFaults } from '../../contracts/shapes/find-faults.ts';
import type { BoundBody } from '../../contracts/shapes/grant.ts';
import { createObjectId } from '../../lib/access-token.ts';
import { CommandError, EXIT } from './command-error.ts';
import { findLevelId, parseLabels } from './find-level.ts';
import { commandOrigin, listAll, withObjects } from './open-objects.ts';
import { type BoundOptions, parseBounds, refuseFaults, withParameterOptions } from './parse-bounds.ts';
import { type LimitOptions, parseLimits, renderLimits } from './parse-limits.ts';
import { type DataOptions, requireDataDir, withDataOptions } from './shared-options.ts';
import { print, printJson, printNote, printTable } from './terminal.ts';

type LevelKind = 'team' | 'organization';

export interface LevelOptions extends DataOptions, LimitOptions, BoundOptions {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly organization?: string;
  readonly label: readonly string[];
  readonly json?: boolean;
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];
const bodyOf = (object: StoredObject): TeamBody => object.body as TeamBody;

function publicLevel({ id, version, body }: StoredObject): JsonObject {
  return { id, version, ...body };
}

/** Of a user, too. Only what was given: what is left out stays as it is. Throws CommandError. */
export async function readLevel(
  store: ObjectStore,
  options: LevelOptions,
): Promise<Pick<Partial<TeamBody>, 'bounds' | 'limits' | 'organization' | 'labels'>> {
  const places = parseBounds(options);
  const isBound = options.allow.length > 0 || options.deny.length > 0 || Object.keys(places).length > 0;
  const bounds = { allow: options.allow.length > 0 ? [...options.allow] : ['*'], deny: [...options.deny], ...places };
  const limits = parseLimits(options);
  const organization = await findLevelId(store, 'organization', options.organization);
  return {
    ...(isBound && { bounds: bounds as BoundBody }),
    ...(limits !== undefined && { limits }),
    ...(organization !== undefined && { organization }),
    ...(options.label.length > 0 && { labels: parseLabels(options.label) }),
  };
}

const SHAPES = { team: TeamShape, organization: OrganizationShape, user: UserShape };

/** As it is stored. Throws CommandError. */
export function checkLevel(kind: LevelKind | 'user', body: object): JsonObject {
  const read = SHAPES[kind].safeParse(body);
  if (read.success) refuseFaults(findLevelFaults(read.data));
  if (read.success) return JSON.parse(JSON.stringify(read.data)) as JsonObject;
  const [issue] = read.error.issues;
  throw new CommandError(EXIT.usage, `${issue?.path.join('.') ?? kind}: ${issue?.message ?? 'cannot be used'}`);
}

async function write(store: ObjectStore, change: ObjectWrite): Promise<StoredObject | undefined> {
  try {
    return (await store.write([change], commandOrigin(), Date.now()))[0];
  } catch (error) {
    if (!(error instanceof ObjectConflict)) throw error;
    const message =
      error.reason === 'exists' ? `there is another ${change.kind} of this name` : 'somebody else changed it';
    throw new CommandError(EXIT.failed, message, `See \`portcullis ${change.kind}s list\`.`);
  }
}

function show(object: StoredObject | undefined, done: string, json: boolean | undefined): void {
  if (object === undefined) throw new Error('nothing was stored');
  if (json) printJson(publicLevel(object));
  else print(`${object.name} is ${done} (${object.id}).`);
}

async function requireLevel(store: ObjectStore, kind: LevelKind, nameOrId: string): Promise<StoredObject> {
  const id = await findLevelId(store, kind, nameOrId);
  const found = id === undefined ? undefined : await store.find(kind, id);
  if (found === undefined) throw new CommandError(EXIT.failed, `there is no ${kind} ${JSON.stringify(nameOrId)}`);
  return found;
}

/** What would hang in the air without it. */
async function countBelow(store: ObjectStore, kind: LevelKind, id: string): Promise<number> {
  const keys = (await listAll(store, 'key')).map(({ body }) => body as KeyBody);
  const users = (await listAll(store, 'user')).map(({ body }) => body as UserBody);
  const teams = kind === 'team' ? [] : (await listAll(store, 'team')).map(bodyOf);
  const isBelow = (of: { readonly team?: string | undefined; readonly organization?: string | undefined }) =>
    (kind === 'team' ? of.team : of.organization) === id;
  return [
    ...keys.filter((key) => key.revokedAtMs === undefined && isBelow(key)),
    ...users.filter((user) => (kind === 'team' ? user.teams.includes(id) : isBelow(user))),
    ...teams.filter(isBelow),
  ].length;
}

export function withLevelOptions(command: Command, kind: LevelKind | 'user'): Command {
  const options = withParameterOptions(withDataOptions(command))
    .option('--allow <pattern>', 'what may be reached at most; repeat for more (everything by default)', collect, [])
    .option('--deny <pattern>', 'what may not be reached all the same; repeat for more', collect, [])
    .option('--network <cidr>', 'block of addresses that calls may come from; repeat for more', collect, [])
    .option('--hours <time>', 'when calls may be made, as "mon-fri 08:00-18:00 Europe/Berlin"; repeat', collect, [])
    .option('--provider-key <pattern>', 'key of a provider that may be used, as "openai/*"; repeat', collect, [])
    .option('--rate <limit>', 'requests in a time, as 100/minute; repeat for more', collect, [])
    .option('--tokens <limit>', 'tokens of models in a time, as 200000/hour; repeat for more', collect, [])
    .option('--tool-calls <limit>', 'calls of tools in a time; repeat for more', collect, [])
    .option('--concurrent <number>', 'calls under way at once')
    .option('--budget <limit>', 'money in a window, as 5usd/day or "5usd/month rolling"; repeat for more', collect, [])
    .option('--time-zone <name>', 'whose midnight begins a day of the budget (default UTC)')
    .option('--label <name=value>', 'label of the calls of all keys below; repeat for more', collect, [])
    .option('--json', 'print it as JSON');
  return kind === 'organization'
    ? options
    : options.option('--organization <name>', `organisation of the ${kind}, by name or id`);
}

function addLevel(program: Command, kind: LevelKind): void {
  const word = kind === 'team' ? 'team' : 'organisation';
  const level = program.command(`${kind}s`).description(`Make, list, change and delete ${word}s, which bound keys`);
  withLevelOptions(level.command('create <name>'), kind)
    .description(kind === 'team' ? 'Make a team' : 'Make an organisation')
    .action((name: string, options: LevelOptions) =>
      withObjects(
        options,
        async (store) => {
          const body = checkLevel(kind, { name, ...(await readLevel(store, options)) });
          const id = createObjectId(kind === 'team' ? 'team' : 'org');
          show(await write(store, { action: 'create', kind, id, name: String(body.name), body }), 'made', options.json);
        },
        { mayCreate: true },
      ),
    );
  withDataOptions(level.command('list'))
    .description(`List ${word}s: what they allow at most, and their limits`)
    .option('--json', 'print as a JSON array')
    .action(async (options: DataOptions & { readonly json?: boolean }) => {
      requireDataDir(options);
      const all = await withObjects(options, (store) => listAll(store, kind));
      if (options.json) return printJson(all.map(publicLevel));
      if (all.length === 0) printNote(`There are no ${word}s.`);
      const rows = all.map((each) => {
        const { bounds, limits, organization } = bodyOf(each);
        const deny = (bounds?.deny ?? []).map((pattern) => `not ${pattern}`);
        return [
          each.name,
          each.id,
          organization ?? '',
          [...(bounds?.allow ?? ['*']), ...deny].join(', '),
          renderLimits(limits),
        ];
      });
      printTable(['NAME', 'ID', 'ORGANIZATION', 'AT MOST', 'LIMITS'], rows);
    });
  withLevelOptions(level.command('set <name>'), kind)
    .description('Change what is given: bounds, limits and labels as a whole each; the rest stays')
    .action((nameOrId: string, options: LevelOptions) =>
      withObjects(options, async (store) => {
        const { id, name, version, body: before } = await requireLevel(store, kind, nameOrId);
        const body = checkLevel(kind, { ...before, ...(await readLevel(store, options)) });
        show(
          await write(store, { action: 'update', kind, id, name, body, ifVersion: version }),
          'changed',
          options.json,
        );
      }),
    );
  withDataOptions(level.command('delete <name>'))
    .description('Delete one that nothing belongs to any more')
    .action((nameOrId: string, options: DataOptions) =>
      withObjects(options, async (store) => {
        const { id, name, version } = await requireLevel(store, kind, nameOrId);
        const below = await countBelow(store, kind, id);
        if (below > 0)
          throw new CommandError(
            EXIT.failed,
            `${below} keys, users or teams still belong to ${name}`,
            'Move or revoke them first.',
          );
        await write(store, { action: 'delete', kind, id, ifVersion: version });
        print(`${name} is deleted.`);
      }),
    );
}

/** Adds the command. */
export function teamsCommand(program: Command): void {
  addLevel(program, 'team');
}

/** Adds the command. */
export function organizationsCommand(program: Command): void {
  addLevel(program, 'organization');
}
