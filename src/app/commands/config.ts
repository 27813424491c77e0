/** `portcullis config …`: who owns which part of the configuration, what is stored, what changed, and moving it about. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { CONFIG_KINDS, type ConfigObject, type ConfigWrite } from '../../contracts/config-objects.ts';
import { type ObjectChange, ObjectConflict } from '../../contracts/objects.ts';
import { canonicalValue } from '../../lib/canonical-json.ts';
import { JsoncError, parseJsonc } from '../../lib/jsonc.ts';
import { readEnvironment } from '../../platform/config/environment.ts';
import { loadConfig } from '../../platform/config/load-config.ts';
import { parseConfig } from '../../platform/config/parse-config.ts';
import { renderProblems } from '../../platform/config/render-problems.ts';
import type { LoadFile } from '../../platform/config/stored/compose-config.ts';
import { createConfigObjects, type StoredConfig } from '../../platform/config/stored/config-objects.ts';
import { fromFile, toFile } from '../../platform/config/stored/file-form.ts';
import { openSealing } from '../../platform/sealing/open-sealing.ts';
import type { SecretKeeper } from '../../platform/secrets/secret-keeper.ts';
import { withSecretKeeper } from '../open-secret-keeper.ts';
import { CommandError, EXIT } from './command-error.ts';
import { commandOrigin, withObjects } from './open-objects.ts';
import { type DataOptions, DEFAULT_CONFIG, resolveDataDir, withDataOptions } from './shared-options.ts';
import { type Cell, paint, print, printJson, printNote, printTable, renderTime } from './terminal.ts';

interface JsonOption {
  readonly json?: boolean;
}

function withConfig<T>(
  options: DataOptions,
  use: (config: StoredConfig) => Promise<T>,
  creation?: { readonly mayCreate?: boolean },
): Promise<T> {
  return withSecretKeeper((secrets) => withFetchedConfig(options, secrets, use, creation));
}

async function withFetchedConfig<T>(
  options: DataOptions,
  secrets: SecretKeeper,
  use: (config: StoredConfig) => Promise<T>,
  creation?: { readonly mayCreate?: boolean },
): Promise<T> {
  const file = resolve(options.config ?? DEFAULT_CONFIG);
  const env = readEnvironment();
  const load: LoadFile = async (extend) =>
    existsSync(file) ? loadConfig({ file, env, extend, secrets }) : parseConfig('{}', { file, env, extend });
  const alone = await load();
  if (!alone.ok)
    throw new CommandError(EXIT.failed, `the configuration is not valid\n${renderProblems(alone.problems, file)}`);
  const { sealing, database } = alone.config;
  const openSealer = () =>
    openSealing({ dataDir: resolveDataDir(options), config: sealing, isShared: database !== undefined }).forRecords;
  return withObjects(
    options,
    (store) =>
      use(
        createConfigObjects({
          ...{ store, load, file, now: Date.now, sealer: openSealer() },
          guard: alone.config.admin ?? { references: [], stdioCommands: [] },
          readText: () => (existsSync(file) ? readFileSync(file, 'utf8') : '{}'),
        }),
      ),
    creation,
  );
}

async function readAll(config: StoredConfig): Promise<readonly ConfigObject[]> {
  const lists: ConfigObject[] = [];
  for (const kind of CONFIG_KINDS) lists.push(...(await config.list(kind)));
  return lists;
}

const STATES: { readonly [state in ConfigObject['state']]: Cell } = {
  'in-force': { text: 'in force', style: 'green' },
  shadowed: { text: 'shadowed', style: 'yellow' },
  broken: { text: 'broken', style: 'red' },
};

const placeOf = ({ place, version }: ConfigObject): string =>
  place === undefined ? `version ${version}` : `${place.file}:${place.line}`;

function printObjects(objects: readonly ConfigObject[]): void {
  printTable(
    ['KIND', 'NAME', 'OWNER', 'STATE', 'WHERE'],
    objects.map((each) => [each.kind, each.name, each.owner, STATES[each.state], placeOf(each)]),
  );
  for (const { kind, name, problems } of objects)
    if (problems.length > 0) print(`${kind} ${name}:\n${renderProblems(problems)}`);
}

async function runList(options: DataOptions & JsonOption): Promise<void> {
  const objects = await withConfig(options, readAll);
  if (options.json) return printJson(objects);
  if (objects.length === 0)
    return printNote('There are no servers, providers, toolsets, aliases, routes or rules yet.');
  printObjects(objects);
}

async function runDrift(options: DataOptions & JsonOption): Promise<void> {
  const objects = await withConfig(options, readAll);
  const drifted = objects.filter(({ state }) => state !== 'in-force');
  if (options.json) printJson(drifted);
  else if (drifted.length === 0) print(`${paint('green', 'no drift')}: everything that is stored is in force`);
  else printObjects(drifted);
  if (drifted.length > 0) process.exitCode = EXIT.failed;
}

async function runExport(options: DataOptions & { readonly out?: string }): Promise<void> {
  const objects = await withConfig(options, readAll);
  const { file, variables } = toFile(objects.filter(({ owner }) => owner === 'store'));
  const text = `${JSON.stringify(file, null, 2)}\n`;
  if (options.out === undefined) process.stdout.write(text);
  else writeFileSync(options.out, text, { flag: 'wx', mode: 0o600 });
  if (variables.length > 0)
    printNote(`Secrets do not leave the store. Set these variables where the file is used: ${variables.join(', ')}`);
}

interface Step {
  readonly write: Exclude<ConfigWrite, { readonly action: 'delete' }>;
  readonly isNews: boolean;
}

async function planImport(config: StoredConfig, parts: ReturnType<typeof fromFile>): Promise<readonly Step[]> {
  const all = await readAll(config);
  return parts.map(({ kind, name, body }) => {
    const known = all.find((each) => each.kind === kind && each.name === name);
    if (known?.owner === 'file')
      throw new CommandError(
        EXIT.failed,
        `${kind} ${name} belongs to the file (${placeOf(known)})`,
        'Take it out there, or out of what is imported.',
      );
    const isNews = known === undefined || canonicalValue(known.body) !== canonicalValue(body);
    return {
      isNews,
      write:
        known === undefined
          ? { action: 'create', kind, name, body }
          : { action: 'update', kind, name, body, ifVersion: known.version },
    };
  });
}

async function runImport(from: string, options: DataOptions & JsonOption & { readonly yes?: boolean }): Promise<void> {
  let parts: ReturnType<typeof fromFile>;
  try {
    const root = parseJsonc(readFileSync(from, 'utf8'));
    if (root.type !== 'object')
      throw new CommandError(EXIT.failed, `${from} is no configuration: expected an object {…}`);
    parts = fromFile(root);
  } catch (error) {
    if (!(error instanceof JsoncError)) throw error;
    throw new CommandError(EXIT.failed, `${from}: ${error.message}`, error.remedy);
  }
  if (parts.length === 0)
    throw new CommandError(
      EXIT.failed,
      `there is nothing in ${from} that could be stored`,
      'Stored can be: servers, providers, toolsets, aliases, routes, rules of the policy, webhooks.',
    );
  await withConfig(
    options,
    async (config) => {
      const steps = (await planImport(config, parts)).filter(({ isNews }) => isNews);
      if (options.json) printJson(steps.map(({ write: { action, kind, name } }) => ({ action, kind, name })));
      else if (steps.length === 0) print('everything in it is stored like that already');
      else
        printTable(
          ['', 'KIND', 'NAME'],
          steps.map(({ write }) => [write.action, write.kind, write.name]),
        );
      if (steps.length === 0) return;
      if (options.yes !== true) return printNote('Nothing was written: this is the plan. `--yes` carries it out.');
      try {
        const result = await config.write(
          steps.map(({ write }) => write),
          commandOrigin(),
        );
        if (!result.ok)
          throw new CommandError(EXIT.failed, `nothing was written:\n${renderProblems(result.problems, from)}`);
      } catch (error) {
        if (!(error instanceof ObjectConflict)) throw error;
        throw new CommandError(
          EXIT.failed,
          'somebody else changed one of them just now; nothing was written',
          'Try again.',
        );
      }
      printNote(`${steps.length} written.`);
    },
    { mayCreate: true },
  );
}

/** What is different, member by member. */
function renderChange({ before, after }: ObjectChange): readonly string[] {
  const names = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]);
  const text = (value: unknown): string => JSON.stringify(value) ?? '';
  return [...names].flatMap((name) => {
    const [was, is] = [text(before?.[name]), text(after?.[name])];
    if (was === is) return [];
    return [
      ...(was === '' ? [] : [`  ${paint('red', `- ${name}: ${was}`)}`]),
      ...(is === '' ? [] : [`  ${paint('green', `+ ${name}: ${is}`)}`]),
    ];
  });
}

async function runChanges(options: DataOptions & JsonOption & { readonly limit: string }): Promise<void> {
  const limit = Number(options.limit);
  if (!(Number.isSafeInteger(limit) && limit > 0))
    throw new CommandError(EXIT.usage, '--limit wants a positive number');
  const changes = await withObjects(options, (store) => store.changes({ limit }));
  if (options.json) return printJson(changes);
  if (changes.length === 0) return printNote('Nothing was changed yet.');
  for (const change of changes.toReversed()) {
    const { atMs, action, kind, name, actor, via } = change;
    print(`${renderTime(atMs)} ${action} ${kind} ${paint('bold', name)} by ${actor.name} (${actor.type}, ${via})`);
    for (const line of renderChange(change)) print(line);
  }
}

/** Adds the command. */
export function configCommand(program: Command): void {
  const config = program.command('config').description('Show, move and trace the parts of the configuration');
  withDataOptions(config.command('list'))
    .description('Every part, of the file and of the store: who owns it, and whether it is in force')
    .option('--json', 'print as a JSON array')
    .action(runList);
  withDataOptions(config.command('drift'))
    .description(
      'What is stored and not in force, since the file says otherwise or it is no good; then the exit code is 1',
    )
    .option('--json', 'print as a JSON array')
    .action(runDrift);
  withDataOptions(config.command('export'))
    .description('Print what is stored as a configuration file; secrets become references')
    .option('--out <file>', 'write it there; never overwrites')
    .action(runExport);
  withDataOptions(config.command('import'))
    .description('Store the servers, providers, toolsets, aliases, routes and rules of a file')
    .argument('<file>', 'configuration file, or a part of one')
    .option('--yes', 'carry it out; without, only the plan is shown')
    .option('--json', 'print the plan as a JSON array')
    .action(runImport);
  withDataOptions(config.command('changes'))
    .description('Who changed what - keys, teams, servers, …, in the store and in the file - and how, newest last')
    .option('--limit <number>', 'as many of the newest', '20')
    .option('--json', 'print as a JSON array, newest first')
    .action(runChanges);
}
