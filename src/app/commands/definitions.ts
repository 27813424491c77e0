/** `portcullis definitions list|diff|approve|reject`: what servers say of their tools. A running gateway notices within a second. */

import type { Command } from 'commander';
import type { DefinitionRecord, DefinitionStore, DefinitionVersion } from '../../contracts/definitions.ts';
import { approveDefinition, rejectDefinition } from '../../domain/definitions/decide-definition.ts';
import { diffDefinition } from '../../domain/definitions/diff-definition.ts';
import { exposedName } from '../../domain/tools/exposed-name.ts';
import { matchesWildcard } from '../../lib/wildcard.ts';
import { CommandError, EXIT } from './command-error.ts';
import { withStores } from './command-stores.ts';
import { printDefinitions, printDiff, publicDefinition } from './render-definitions.ts';
import { type DataOptions, withDataOptions } from './shared-options.ts';
import { paint, print, printJson, printNote } from './terminal.ts';

interface ListOptions extends DataOptions {
  readonly all?: boolean;
  readonly json?: boolean;
}

interface DecideOptions extends DataOptions {
  readonly hash?: string;
  readonly json?: boolean;
}

/** As it is written on the command line: `server/tool`, `prompt:server/name`, `instructions:server`. */
export function addressOf({ serverId, kind, name }: DefinitionRecord): string {
  if (kind === 'instructions') return `instructions:${serverId}`;
  return kind === 'tool' ? `${serverId}/${name}` : `${kind}:${serverId}/${name}`;
}

/** A server means all of its definitions; `*` matches any run of characters. */
function fits(pattern: string | undefined, record: DefinitionRecord): boolean {
  if (pattern === undefined) return true;
  return [addressOf(record), `${record.kind}:${record.serverId}/${record.name}`, record.serverId].some((address) =>
    matchesWildcard(pattern, address),
  );
}

function select(store: DefinitionStore, pattern: string | undefined): readonly DefinitionRecord[] {
  const records = store.list().filter((record) => fits(pattern, record));
  if (records.length === 0 && pattern !== undefined) {
    const remedy =
      'See `portcullis definitions list --all`. Names look like "server", "server/tool", "prompt:server/name".';
    throw new CommandError(EXIT.failed, `no definition matches ${JSON.stringify(pattern)}`, remedy);
  }
  return records;
}

/** Nobody has looked at it, and somebody should. */
function wantsALook({ state, pinnedBy, findings }: DefinitionRecord): boolean {
  return state !== 'pinned' || (pinnedBy === 'policy' && findings.some(({ severity }) => severity !== 'low'));
}

async function runList(pattern: string | undefined, options: ListOptions): Promise<void> {
  const records = await withStores(options, async (stores) => select(await stores.definitions(), pattern));
  const shown = options.all || pattern !== undefined ? records : records.filter(wantsALook);
  if (options.json) {
    printJson(shown.map(publicDefinition));
    return;
  }
  if (shown.length > 0) printDefinitions(shown);
  const rest = records.length - shown.length;
  if (rest > 0) printNote(`${rest} more in force, nothing to see to (--all shows them).`);
  else if (records.length === 0) printNote('No server has offered anything yet.');
}

/** The two versions a decision is about: in force (or approved last), and the other one. */
function versionsOf(record: DefinitionRecord): {
  readonly before: DefinitionVersion | undefined;
  readonly after: DefinitionVersion | undefined;
} {
  if (record.state === 'changed') return { before: record.other, after: record.pinned };
  return { before: record.pinned, after: record.other };
}

async function runDiff(pattern: string | undefined, options: ListOptions): Promise<void> {
  const records = await withStores(options, async (stores) => select(await stores.definitions(), pattern));
  const diffs = records
    .filter((record) => record.other !== undefined)
    .map((record) => {
      const { before, after } = versionsOf(record);
      const isKept = after?.text !== undefined && (before === undefined || before.text !== undefined);
      const parsed = (version: DefinitionVersion | undefined): unknown =>
        version?.text === undefined ? undefined : JSON.parse(version.text);
      return { record, isKept, changes: isKept ? diffDefinition(parsed(before), parsed(after)) : [] };
    });
  if (options.json) {
    printJson(diffs.map(({ record, changes }) => ({ ...publicDefinition(record), changes })));
    return;
  }
  for (const { record, isKept, changes } of diffs) printDiff(addressOf(record), record, isKept ? changes : undefined);
  if (diffs.length === 0) printNote('Nothing differs from what is in force.');
}

async function runDecision(pattern: string, verb: 'approve' | 'reject', options: DecideOptions): Promise<void> {
  const decide = verb === 'approve' ? approveDefinition : rejectDefinition;
  const decided = await withStores(options, async (stores) => {
    const store = await stores.definitions();
    const done: DefinitionRecord[] = [];
    const isPattern = !store.list().some((record) => addressOf(record) === pattern);
    for (const record of select(store, pattern)) {
      // A whole server means what is waiting there; what is in force is taken back only by name.
      if (isPattern && !wantsALook(record)) continue;
      const seen = versionsOf(record).after ?? record.pinned;
      if (options.hash !== undefined && !seen?.hash.startsWith(options.hash))
        throw new CommandError(
          EXIT.failed,
          `${addressOf(record)} now has the hash ${seen?.hash ?? 'none'}`,
          'Look at it again: `portcullis definitions diff`.',
        );
      const isNews = (newest: DefinitionRecord): boolean =>
        (versionsOf(newest).after ?? newest.pinned)?.hash === seen?.hash;
      // Nobody decides about a version that came after they looked.
      if (decide(record) === undefined) continue;
      const kind = verb === 'approve' ? 'definition.approved' : 'definition.rejected';
      await stores.append({
        kind,
        serverId: record.serverId,
        name: record.kind === 'instructions' ? record.serverId : exposedName(record.serverId, record.name),
        target: record.name || record.kind,
        arguments: JSON.stringify({ hash: seen?.hash, was: record.state, findings: record.findings.slice(0, 10) }),
      });
      const result = await store.decide(record, (newest) => (isNews(newest) ? decide(newest) : undefined));
      if (result === undefined)
        throw new CommandError(
          EXIT.failed,
          `${addressOf(record)} changed just now`,
          'Look at it again: `portcullis definitions diff`.',
        );
      done.push(result);
    }
    return done;
  });
  if (decided.length === 0)
    throw new CommandError(EXIT.failed, `there is nothing to ${verb}`, 'See `portcullis definitions list`.');
  if (options.json) {
    printJson(decided.map(publicDefinition));
    return;
  }
  for (const record of decided)
    print(`${verb === 'approve' ? paint('green', 'approved') : paint('red', 'rejected')} ${addressOf(record)}`);
}

const EXAMPLES = `
Examples:
  portcullis definitions list
  portcullis definitions diff github
  portcullis definitions approve github/create_issue
  portcullis definitions reject "github/*"`;

/** Adds the command. */
export function definitionsCommand(program: Command): void {
  const definitions = program
    .command('definitions')
    .description('See, approve and reject what servers say of their tools, prompts and themselves');
  withDataOptions(definitions.command('list', { isDefault: true }))
    .description('List definitions: what wants a look, or those that match')
    .argument('[which]', 'server, server/tool, prompt:server/name, instructions:server; * matches anything')
    .option('-a, --all', 'also what is in force and plain')
    .option('--json', 'print as a JSON array')
    .addHelpText('after', EXAMPLES)
    .action(runList);
  withDataOptions(definitions.command('diff'))
    .description('Show what changed, field by field')
    .argument('[which]', 'as for list')
    .option('--json', 'print as a JSON array')
    .action(runDiff);
  for (const verb of ['approve', 'reject'] as const) {
    withDataOptions(definitions.command(verb))
      .description(
        verb === 'approve'
          ? 'Put in force what is held, or confirm what changed'
          : 'Refuse what is held, or take back what is in force',
      )
      .argument('<which>', 'as for list; a whole server means what is waiting there')
      .option('--hash <hash>', 'only if the version still has this hash (its beginning is enough)')
      .option('--json', 'print what was decided as a JSON array')
      .action((which: string, options: DecideOptions) => runDecision(which, verb, options));
  }
}
