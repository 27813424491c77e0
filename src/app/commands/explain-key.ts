/** `portcullis keys explain`, and the question behind it: what somebody may do and why, from the file and the store, without a gateway that runs. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Endpoint, ProtectedPlace } from '../../contracts/call.ts';
import type { Caller } from '../../contracts/caller.ts';
import type { GatewayConfig } from '../../contracts/config.ts';
import type { ExplainedLimit, ExplainTarget, Explanation } from '../../contracts/explain.ts';
import type { LimitLine } from '../../contracts/limits.ts';
import type { ObjectStore } from '../../contracts/objects.ts';
import type { KeyBody } from '../../contracts/shapes/directory.ts';
import { createLinesOf } from '../../domain/limits/lines-of.ts';
import { isObject } from '../../lib/is-object.ts';
import { parseAddress } from '../../lib/network.ts';
import { createLiveDirectory } from '../../pipeline/directory/live-directory.ts';
import { createExplain } from '../../pipeline/explain.ts';
import type { ExplainedCaller } from '../../pipeline/explain-caller.ts';
import { createBudgetShare } from '../../pipeline/limits/budget-share.ts';
import { readEnvironment } from '../../platform/config/environment.ts';
import { loadConfig } from '../../platform/config/load-config.ts';
import { renderProblems } from '../../platform/config/render-problems.ts';
import { findBarred } from '../explainer.ts';
import { findInForce } from '../find-caller.ts';
import { openLimitStore } from '../open-limits.ts';
import type { Stores } from '../open-stores.ts';
import { CommandError, EXIT } from './command-error.ts';
import { commandLog, withStores } from './command-stores.ts';
import { listAll } from './open-objects.ts';
import { parseMoment } from './parse-moment.ts';
import { printExplanation, renderStanding } from './render-explanation.ts';
import { type DataOptions, DEFAULT_CONFIG, endpointPath, withDataOptions } from './shared-options.ts';
import { printJson } from './terminal.ts';

export interface ExplainOptions extends DataOptions {
  readonly tool?: string;
  readonly prompt?: string;
  readonly resource?: string;
  readonly model?: string;
  readonly args?: string;
  readonly at?: string;
  readonly from?: string;
  readonly server?: string;
  readonly toolset?: string;
  readonly header: readonly string[];
  readonly json?: boolean;
}

const KINDS = ['tool', 'prompt', 'resource', 'model'] as const;

function readTarget(options: ExplainOptions): ExplainTarget {
  const [target, second] = KINDS.flatMap((kind) => {
    const name = options[kind];
    return name === undefined ? [] : [{ kind, name }];
  });
  if (target === undefined || second !== undefined)
    throw new CommandError(EXIT.usage, 'name one of --tool, --prompt, --resource and --model');
  return target;
}

function readArgs(text: string | undefined): { readonly [name: string]: unknown } | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CommandError(EXIT.usage, '--args is not valid JSON');
  }
  if (!isObject(value)) throw new CommandError(EXIT.usage, '--args wants a JSON object');
  return value as { readonly [name: string]: unknown };
}

function readHeaders(lines: readonly string[]): { readonly [name: string]: string } {
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(line) ?? [];
      if (name === undefined || value === undefined)
        throw new CommandError(EXIT.usage, '--header wants a header such as "x-tier: low"');
      return [name, value];
    }),
  );
}

function readEndpoint(options: ExplainOptions): Endpoint | undefined {
  // Says what is wrong with them.
  endpointPath(options);
  const { server, toolset } = options;
  if (server !== undefined) return { type: 'server', serverId: server };
  return toolset === undefined ? undefined : { type: 'toolset', toolset };
}

/** By name or id; those that are no good any more, too, where no other one has that name. Throws CommandError. */
async function findCaller(
  store: ObjectStore,
  config: Pick<GatewayConfig, 'keys' | 'people'>,
  wanted: string,
): Promise<ExplainedCaller> {
  const directory = createLiveDirectory({ store, ofFile: () => config.people ?? [] });
  await directory.refresh();
  const matches = (id: string, name: string): boolean => id === wanted || name === wanted;
  const ids = new Set<string>();
  for (const { key } of directory.keys()) if (matches(key.keyId, key.keyName)) ids.add(key.keyId);
  for (const { name } of config.keys) if (matches(`config:${name}`, name)) ids.add(`config:${name}`);
  if (ids.size === 0)
    for (const { id, body } of await listAll(store, 'key')) if (matches(id, (body as KeyBody).name)) ids.add(id);
  const [id, other] = ids;
  if (other !== undefined)
    throw new CommandError(
      EXIT.failed,
      `several keys match ${JSON.stringify(wanted)}`,
      `Name one by its id: ${[...ids].join(', ')}.`,
    );
  const caller = id === undefined ? undefined : (findInForce(directory, config, id) ?? (await findBarred(store, id)));
  if (caller === undefined) throw new CommandError(EXIT.failed, `no key matches ${JSON.stringify(wanted)}`);
  return caller;
}

/** Where the caller's limits stand, as far as they are counted outside of a gateway: budgets, and all that replicas share. */
async function findLimits(stores: Stores, config: GatewayConfig, caller: Caller): Promise<readonly ExplainedLimit[]> {
  const lines = createLinesOf()(caller)?.lines ?? [];
  if (lines.length === 0) return [];
  const clocks = { now: Date.now, monotonicMs: () => performance.now() };
  const counting = { ...clocks, spend: await stores.spend(), log: commandLog() };
  const store = await openLimitStore(counting, stores.database, config.redis);
  try {
    const isShared = stores.database !== undefined;
    return await Promise.all(
      lines.map(async (line) => ({
        line,
        used: isShared || line.what === 'money' ? await store.used(line) : undefined,
      })),
    );
  } finally {
    await store[Symbol.asyncDispose]();
  }
}

/** Whom the question is about. Throws CommandError. */
export type FindExplained = (stores: Stores, config: GatewayConfig, place: ProtectedPlace) => Promise<ExplainedCaller>;

export async function runExplain(find: FindExplained, options: ExplainOptions): Promise<void> {
  const target = readTarget(options);
  const args = readArgs(options.args);
  const endpoint = readEndpoint(options);
  const headers = readHeaders(options.header);
  const nowMs = Date.now();
  const atMs = options.at === undefined ? nowMs : parseMoment(options.at, nowMs, 1);
  if (atMs === undefined) throw new CommandError(EXIT.usage, '--at wants a time such as 2026-12-31T10:00:00Z');
  if (options.from !== undefined && parseAddress(options.from) === undefined)
    throw new CommandError(EXIT.usage, '--from wants an address such as 192.0.2.7');
  const file = resolve(options.config ?? DEFAULT_CONFIG);
  if (!existsSync(file)) throw new CommandError(EXIT.failed, `there is no configuration file ${file}`);
  const loaded = await loadConfig({ file, env: readEnvironment() });
  if (!loaded.ok)
    throw new CommandError(EXIT.failed, `the configuration is not valid:\n${renderProblems(loaded.problems, file)}`);
  const { config } = loaded;
  const { from } = options;
  const explanation = await withStores(options, async (stores): Promise<Explanation> => {
    const caller = await find(
      stores,
      config,
      target.kind === 'model' ? { type: 'models' } : (endpoint ?? { type: 'all' }),
    );
    const limits = await findLimits(stores, config, caller);
    const usedOf = (line: LimitLine): number | undefined => limits.find((each) => each.line === line)?.used;
    const linesOf = createLinesOf();
    const share = createBudgetShare({ limits: { used: (line) => usedOf(line) }, linesOf });
    const explain = createExplain({ config, now: () => nowMs });
    const question = { target, args, from, atMs, endpoint, headers, budgetShare: await share(caller) };
    return { ...explain(caller, question), limits };
  });
  if (options.json) printJson({ ...explanation, limits: explanation.limits.map(renderStanding) });
  else printExplanation(explanation);
}

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

/** Adds it to `keys`. */
export function addExplain(keys: Command): void {
  const command = withDataOptions(keys.command('explain'))
    .description('Say what a key may do and why, without calling anything; tools are known by name only')
    .argument('<key>', 'its name or id');
  withQuestion(command).action((key: string, options: ExplainOptions) =>
    runExplain(async (stores, config) => findCaller(await stores.objects(), config, key), options),
  );
}

/** What can be asked about whoever it is. */
export function withQuestion(command: Command): Command {
  return command
    .addOption(new Option('--tool <server/name>', 'tool to ask about'))
    .addOption(new Option('--prompt <server/name>', 'prompt to ask about'))
    .addOption(new Option('--resource <server/uri>', 'resource to ask about'))
    .addOption(new Option('--model <name>', 'model to ask about, or an alias'))
    .option('--args <json>', 'arguments of the call')
    .option('--server <id>', 'ask for its endpoint, not for /mcp')
    .option('--toolset <name>', 'ask for its endpoint, not for /mcp')
    .option('--header <line>', 'of a request to a model, as "x-tier: low"; repeat for more', collect, [])
    .option('--at <time>', 'when it is made (default: now)')
    .option('--from <address>', 'address of the client')
    .option('--json', 'print as JSON');
}
