/** `portcullis keys create|list|rotate|revoke`: virtual keys in the gateway's store. A running gateway notices within a second. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { KeyBody } from '../../contracts/shapes/directory.ts';
import { findKeyFaults } from '../../contracts/shapes/find-faults.ts';
import { readEnvironment } from '../../platform/config/environment.ts';
import { loadConfig } from '../../platform/config/load-config.ts';
import { createKeyWrite } from '../new-key.ts';
import { CommandError, EXIT } from './command-error.ts';
import { addExplain } from './explain-key.ts';
import { findLevelId, parseLabels } from './find-level.ts';
import { commandOrigin, listAll, withObjects } from './open-objects.ts';
import { type AgentOptions, parseAgent, withAgentOptions } from './parse-agent.ts';
import { type BoundOptions, parseBounds, refuseFaults, withParameterOptions } from './parse-bounds.ts';
import { type LimitOptions, parseLimits, renderLimits } from './parse-limits.ts';
import { parseMoment } from './parse-moment.ts';
import { addRotate } from './rotate-key.ts';
import { type DataOptions, DEFAULT_CONFIG, isToolsetName, withDataOptions } from './shared-options.ts';
import { bodyOf, findKey, noSuchKey, prefixOf, publicKey, writeKey } from './stored-key.ts';
import { type Cell, paint, print, printJson, printNote, printTable, renderTime } from './terminal.ts';

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

interface CreateOptions extends DataOptions, LimitOptions, BoundOptions, AgentOptions {
  readonly name: string;
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  readonly toolset: readonly string[];
  readonly execute?: string;
  readonly expires?: string;
  readonly team?: string;
  readonly user?: string;
  readonly label: readonly string[];
  readonly json?: boolean;
}

/** Hints at patterns for models of providers that the configuration, where there is a good one, does not have. */
async function hintAtProviders(options: CreateOptions): Promise<void> {
  const named = options.allow.flatMap((pattern) => /^model:([^/*]+)(?:\/|$)/.exec(pattern)?.[1] ?? []);
  const file = resolve(options.config ?? DEFAULT_CONFIG);
  if (named.length === 0 || !existsSync(file)) return;
  const result = await loadConfig({ file, env: readEnvironment() });
  if (!result.ok) return;
  const known = (result.config.providers ?? []).map(({ id }) => id);
  for (const id of new Set(named))
    if (!known.includes(id))
      printNote(`There is no provider "${id}" in ${file} yet: nothing is reached by "model:${id}".`);
}

/** Throws CommandError. */
function readExecute(text: string | undefined): 'suggested' | 'any' | undefined {
  if (text === undefined || text === 'suggested' || text === 'any') return text;
  throw new CommandError(EXIT.usage, `--execute takes suggested or any, not ${JSON.stringify(text)}`);
}

async function runCreate(options: CreateOptions): Promise<void> {
  const nowMs = Date.now();
  let expiresAtMs: number | undefined;
  if (options.expires !== undefined) {
    expiresAtMs = parseMoment(options.expires, nowMs, 1);
    if (expiresAtMs === undefined) {
      throw new CommandError(EXIT.usage, '--expires wants a span such as 30d, or a date such as 2027-01-31');
    }
    if (expiresAtMs <= nowMs) throw new CommandError(EXIT.usage, '--expires lies in the past');
  }
  const wrong = options.toolset.find((name) => !isToolsetName(name));
  if (wrong !== undefined) throw new CommandError(EXIT.usage, `${JSON.stringify(wrong)} is no name of a toolset`);
  if ([...options.allow, ...options.deny].some((pattern) => pattern.trim() === ''))
    throw new CommandError(
      EXIT.usage,
      '--allow and --deny want a pattern such as "github" or "github/get_*", not nothing',
    );
  const execute = readExecute(options.execute);
  const grant = {
    allow: [...options.allow],
    deny: [...options.deny],
    toolsets: [...options.toolset],
    ...(execute !== undefined && { execute }),
    ...parseBounds(options),
    ...parseAgent(options),
  };
  const limits = parseLimits(options);
  refuseFaults(findKeyFaults({ grant, limits }));
  const labels = parseLabels(options.label);
  const { stored, secret } = await withObjects(
    options,
    async (store) => {
      const team = await findLevelId(store, 'team', options.team);
      const user = await findLevelId(store, 'user', options.user);
      const made = createKeyWrite({ name: options.name, grant, limits, expiresAtMs, team, user, labels }, nowMs);
      const [written] = await store.write([made.write], commandOrigin(), nowMs);
      return { stored: written, secret: made.secret };
    },
    { mayCreate: true },
  );
  if (stored === undefined) throw new Error('the key was not stored');
  if (options.json) {
    printJson({ ...publicKey(stored), secret });
    return;
  }
  print(secret);
  printNote(`Key ${stored.name} (${prefixOf(bodyOf(stored))}…) is shown this once; only its hash is kept.`);
  await hintAtProviders(options);
  if (grant.allow.length === 0 && grant.toolsets.length === 0)
    printNote('It allows nothing yet: keys are made with --allow, for example --allow "*".');
}

function stateOf({ revokedAtMs, expiresAtMs }: KeyBody, nowMs: number): Cell {
  if (revokedAtMs !== undefined) return { text: 'revoked', style: 'red' };
  if (expiresAtMs !== undefined && expiresAtMs <= nowMs) return { text: 'expired', style: 'yellow' };
  return { text: 'active', style: 'green' };
}

async function runList(options: DataOptions & { json?: boolean }): Promise<void> {
  const records = await withObjects(options, (store) => listAll(store, 'key'));
  if (options.json) {
    printJson(records.map(publicKey));
    return;
  }
  if (records.length === 0)
    printNote('There are no keys. Make one with `portcullis keys create --name me --allow "*"`.');
  const nowMs = Date.now();
  printTable(
    ['PREFIX', 'NAME', 'STATE', 'CREATED', 'EXPIRES', 'ALLOW', 'LIMITS'],
    records.map((record) => {
      const body = bodyOf(record);
      return [
        prefixOf(body),
        body.name,
        stateOf(body, nowMs),
        renderTime(record.createdAtMs),
        renderTime(body.expiresAtMs),
        [
          ...body.grant.allow,
          ...body.grant.toolsets.map((name) => `t/${name}`),
          ...body.grant.deny.map((pattern) => `not ${pattern}`),
        ].join(', ') || '(nothing)',
        renderLimits(body.limits),
      ];
    }),
  );
}

async function runRevoke(idOrName: string, options: DataOptions & { json?: boolean }): Promise<void> {
  const record = await withObjects(options, async (store) => {
    const found = findKey(await listAll(store, 'key'), idOrName);
    if (found === undefined || bodyOf(found).revokedAtMs !== undefined) return found;
    const { kind, id, name, version } = found;
    const nowMs = Date.now();
    const body = { ...found.body, revokedAtMs: nowMs };
    return writeKey(store, { action: 'update', kind, id, name, body, ifVersion: version }, nowMs);
  });
  if (record === undefined) throw noSuchKey(idOrName);
  if (options.json) {
    printJson(publicKey(record));
    return;
  }
  print(`${paint('red', 'revoked')} ${record.name} (${prefixOf(bodyOf(record))}…)`);
}

/** Adds the command. */
export function keysCommand(program: Command): void {
  const keys = program.command('keys').description('Create, list and revoke the keys that clients present');
  withAgentOptions(withParameterOptions(withDataOptions(keys.command('create'))))
    .description('Create a key and print its secret, once')
    .requiredOption('-n, --name <name>', 'what the key is called in lists and in the audit trail')
    .option('--allow <pattern>', 'what it may reach; repeat for more (nothing by default)', collect, [])
    .option('--deny <pattern>', 'what it may not reach all the same; repeat for more', collect, [])
    .option('--network <block>', 'addresses it may be used from, as 10.0.0.0/8; repeat for more', collect, [])
    .option(
      '--hours <time>',
      'when it may be used, as "mon-fri 08:00-18:00 Europe/Berlin"; repeat for more',
      collect,
      [],
    )
    .option('--provider-key <pattern>', 'keys of providers it may use, as openai/*; repeat for more', collect, [])
    .option('--toolset <name>', 'toolset whose endpoint (/mcp/t/NAME) it may use; repeat for more', collect, [])
    .option('--execute <what>', 'what it may have carried out: what a model suggested to it (suggested), or any call')
    .option(
      '--rate <limit>',
      'requests in a time, as 100/minute or "100/minute on github/*"; repeat for more',
      collect,
      [],
    )
    .option('--tokens <limit>', 'tokens of models in a time, as 200000/hour; repeat for more', collect, [])
    .option('--tool-calls <limit>', 'calls of tools in a time; repeat for more', collect, [])
    .option('--concurrent <number>', 'calls under way at once')
    .option(
      '--budget <limit>',
      'money in a window of the calendar, as 5usd/day, or "5usd/month rolling"; repeat for more',
      collect,
      [],
    )
    .option('--time-zone <name>', 'whose midnight begins a day of the budget (default UTC)')
    .option('--team <team>', 'team it counts for, by name or id')
    .option('--user <user>', 'user whose key it is, by name or id; nobody can use it when they are disabled')
    .option('--label <name=value>', 'label that its calls carry, such as customer=acme; repeat for more', collect, [])
    .option('--expires <when>', 'span (30d, 12h) or date (2027-01-31)')
    .option('--json', 'print the key and its secret as JSON')
    .addHelpText(
      'after',
      `
Patterns: "server", "server/tool", "server__tool", "prompt:server/*", "*" matches anything.
Models: "model:provider/model", "model:provider/*", "model:*".

Examples:
  portcullis keys create --name laptop --allow "*"
  portcullis keys create --name ci --allow "filesystem/read_*" --allow memory --expires 30d
  portcullis keys create --name app --allow "model:openai/gpt-*" --allow "github/get_*"
  portcullis keys create --name triage --toolset triage
  portcullis keys create --name helper --allow "*" --agent on --auto "github/get_*" --only-if readOnly
  portcullis keys create --name agent --allow "*" --rate 60/minute --budget 5usd/day
  portcullis keys create --name careful --allow github --deny "github/delete_*"`,
    )
    .action(runCreate);
  addExplain(keys);
  withDataOptions(keys.command('list'))
    .description('List keys: prefix, name, state, dates and what they allow')
    .option('--json', 'print as a JSON array')
    .action(runList);
  addRotate(keys);
  withDataOptions(keys.command('revoke'))
    .description('Revoke a key at once, for good')
    .argument('<key>', 'its name, prefix or id')
    .option('--json', 'print the revoked key as JSON')
    .action(runRevoke);
}
