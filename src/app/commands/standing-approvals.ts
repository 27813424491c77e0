/** `portcullis approvals standing list|add|remove`: approvals that are given beforehand. */

import type { Command } from 'commander';
import type { ObjectStore, StoredObject } from '../../contracts/objects.ts';
import { type StandingApprovalBody, StandingApprovalShape } from '../../contracts/shapes/approvals.ts';
import { findStandingFaults } from '../../contracts/shapes/find-faults.ts';
import { createObjectId } from '../../lib/access-token.ts';
import { PERSON_PREFIX } from '../../pipeline/authorization/own-tokens.ts';
import { subjectKeyId } from '../../pipeline/authorization/subjects.ts';
import { CommandError, EXIT } from './command-error.ts';
import { findLevelId } from './find-level.ts';
import { commandOrigin, listAll, withObjects } from './open-objects.ts';
import { parseMoment } from './parse-moment.ts';
import { type DataOptions, withDataOptions } from './shared-options.ts';
import { print, printJson, printNote, printTable, renderTime } from './terminal.ts';

const KIND = 'standing-approval';

interface ListOptions extends DataOptions {
  readonly json?: boolean;
}
interface AddOptions extends DataOptions {
  readonly name: string;
  readonly tool: readonly string[];
  readonly for: string;
  readonly key?: string;
  readonly user?: string;
  readonly issuer?: string;
  readonly subject?: string;
  readonly when?: string;
  readonly reason?: string;
}

const bodyOf = ({ body }: StoredObject): StandingApprovalBody => body as StandingApprovalBody;

async function runList(options: ListOptions): Promise<void> {
  const all = await withObjects(options, (store) => listAll(store, KIND));
  if (options.json) return printJson(all.map((object) => ({ id: object.id, ...bodyOf(object) })));
  if (all.length === 0) return printNote('Nothing is approved beforehand.');
  printTable(
    ['ID', 'NAME', 'KEY', 'TOOLS', 'WHEN', 'UNTIL'],
    all.map((object) => {
      const { name, key, targets, when, expiresAtMs } = bodyOf(object);
      const until = expiresAtMs <= Date.now() ? 'over' : renderTime(expiresAtMs);
      return [object.id, name, key ?? 'all', targets.join(', '), when ?? '-', until];
    }),
  );
}

/** What people type for a member of the body. */
const OPTIONS: { readonly [member: string]: string } = { targets: '--tool', expiresAtMs: '--for', when: '--when,' };

function readBody(options: AddOptions, nowMs: number): StandingApprovalBody {
  const { name, tool: targets, key, when, reason } = options;
  const expiresAtMs = parseMoment(options.for, nowMs, 1);
  if (expiresAtMs === undefined || expiresAtMs <= nowMs)
    throw new CommandError(EXIT.usage, '--for wants a span such as 8h or 7d, or a time to come');
  const refuse = ([member = '', i]: readonly PropertyKey[], message: string, remedy?: string): never => {
    const which = member === 'targets' && typeof i === 'number' ? ` ${JSON.stringify(targets[i])}` : '';
    throw new CommandError(
      EXIT.usage,
      `${OPTIONS[String(member)] ?? `--${String(member)}`}${which} ${message}`,
      remedy,
    );
  };
  const { data, error } = StandingApprovalShape.safeParse({ name, key, targets, when, expiresAtMs, reason });
  const [issue] = error?.issues ?? [];
  if (data === undefined) return refuse(issue?.path ?? ['name'], issue?.message ?? 'is no good');
  const [fault] = findStandingFaults(data, nowMs);
  if (fault !== undefined) refuse(fault.path, fault.message, fault.remedy);
  return data;
}

/** The id under which they call. Undefined: whoever it is. Throws CommandError. */
async function findWhose(store: ObjectStore, { key, user, issuer, subject }: AddOptions): Promise<string | undefined> {
  if ((issuer === undefined) !== (subject === undefined))
    throw new CommandError(EXIT.usage, '--issuer and --subject go together', 'They name somebody with a token.');
  if ([key, user, issuer].filter((each) => each !== undefined).length > 1)
    throw new CommandError(EXIT.usage, 'name one of --key, --user, and --issuer with --subject');
  if (issuer !== undefined && subject !== undefined) return subjectKeyId(issuer, subject);
  if (user !== undefined) return PERSON_PREFIX + (await findLevelId(store, 'user', user));
  const isElsewhere = key?.startsWith('config:') === true || /^oauth:[0-9a-f]{32}$/.test(key ?? '');
  if (key === undefined || isElsewhere) return key;
  const ofUser = key.startsWith(PERSON_PREFIX) ? key.slice(PERSON_PREFIX.length) : undefined;
  if (ofUser !== undefined) return PERSON_PREFIX + (await findLevelId(store, 'user', ofUser));
  if ((await store.find('key', key)) !== undefined) return key;
  throw new CommandError(EXIT.failed, `there is no key ${JSON.stringify(key)}`, 'Name one by its id.');
}

async function runAdd(options: AddOptions): Promise<void> {
  const nowMs = Date.now();
  const body = readBody(options, nowMs);
  const id = createObjectId('sta');
  await withObjects(options, async (store) => {
    const key = await findWhose(store, options);
    const plain = JSON.parse(JSON.stringify({ ...body, key })) as { readonly [member: string]: unknown };
    await store.write([{ action: 'create', kind: KIND, id, name: body.name, body: plain }], commandOrigin(), nowMs);
  });
  print(id);
  printNote(`Calls that fit need no look until ${new Date(body.expiresAtMs).toISOString()}.`);
}

async function runRemove(wanted: string, options: DataOptions): Promise<void> {
  await withObjects(options, async (store) => {
    const found = (await listAll(store, KIND)).find(({ id, name }) => id === wanted || name === wanted);
    if (found === undefined)
      throw new CommandError(
        EXIT.failed,
        `there is no standing approval ${JSON.stringify(wanted)}`,
        'See `portcullis approvals standing list`.',
      );
    await store.write(
      [{ action: 'delete', kind: KIND, id: found.id, ifVersion: undefined }],
      commandOrigin(),
      Date.now(),
    );
    print(found.id);
  });
}

/** Adds it to `approvals`. */
export function standingApprovalsCommand(approvals: Command): void {
  const standing = approvals.command('standing').description('Approve calls beforehand, until then');
  withDataOptions(standing.command('list'))
    .description('Show what is approved beforehand')
    .option('--json', 'print as a JSON array')
    .action((options: ListOptions) => runList(options));
  withDataOptions(standing.command('add'))
    .description('Approve calls beforehand')
    .requiredOption('--name <name>', 'for people')
    .requiredOption('--tool <pattern...>', 'tools it is about, such as github/create_issue or "files/read_*"')
    .requiredOption('--for <span>', 'how long (8h, 7d), or until which time')
    .option('--key <id>', 'only calls of this key, by its id, or of another caller as the trail names it')
    .option('--user <user>', 'only calls of this user with tokens of the gateway itself, by name or id')
    .option('--issuer <url>', 'with --subject: only calls of whom this issuer of access tokens knows as that')
    .option('--subject <sub>', 'goes with --issuer')
    .option('--when <condition>', 'only under this condition (CEL), such as args.repo == "docs"')
    .option('--reason <text>', 'for whoever asks later')
    .action((options: AddOptions) => runAdd(options));
  withDataOptions(standing.command('remove'))
    .description('Take one back, at once')
    .argument('<id>', 'its id or name')
    .action((id: string, options: DataOptions) => runRemove(id, options));
}
