/** `portcullis keys explain`: what a key may do and why, from the file and the store, without a gateway that runs. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { Caller } from '../../contracts/caller.ts';
import type { ExplainTarget } from '../../contracts/explain.ts';
import { isObject } from '../../lib/is-object.ts';
import { parseAddress } from '../../lib/network.ts';
import { createLiveDirectory } from '../../pipeline/directory/live-directory.ts';
import { createExplain } from '../../pipeline/explain.ts';
import { readEnvironment } from '../../platform/config/environment.ts';
import { loadConfig } from '../../platform/config/load-config.ts';
import { renderProblems } from '../../platform/config/render-problems.ts';
import { callersOfFile } from '../find-caller.ts';
import { CommandError, EXIT } from './command-error.ts';
import { withObjects } from './open-objects.ts';
import { parseMoment } from './parse-moment.ts';
import { type DataOptions, DEFAULT_CONFIG, withDataOptions } from './shared-options.ts';
import { paint, print, printJson } from './terminal.ts';

interface ExplainOptions extends DataOptions {
  readonly tool?: string;
  readonly prompt?: string;
  readonly resource?: string;
  readonly model?: string;
  readonly args?: string;
  readonly at?: string;
  readonly from?: string;
  readonly json?: boolean;
}

const KINDS = ['tool', 'prompt', 'resource', 'model'] as const;
const STYLES = { allowed: 'green', asks: 'yellow', refused: 'red', unknown: 'yellow' } as const;

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

async function runExplain(key: string, options: ExplainOptions): Promise<void> {
  const target = readTarget(options);
  const args = readArgs(options.args);
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
  const callers = await withObjects(options, async (store) => {
    const directory = createLiveDirectory({ store, ofFile: () => config.people ?? [] });
    await directory.refresh();
    const all = [...[...directory.keys()].map((each) => each.key), ...callersOfFile(config, directory)];
    return new Map(all.map((each): [string, Caller] => [each.keyId, each]));
  });
  const found = [...callers.values()].filter(({ keyId, keyName }) => keyId === key || keyName === key);
  const [caller, other] = found;
  if (caller === undefined) throw new CommandError(EXIT.failed, `no active key matches ${JSON.stringify(key)}`);
  if (other !== undefined)
    throw new CommandError(
      EXIT.failed,
      `several keys match ${JSON.stringify(key)}`,
      `Name one by its id: ${found.map(({ keyId }) => keyId).join(', ')}.`,
    );
  const { from } = options;
  const explanation = createExplain({ config, now: () => nowMs })(caller, { target, args, from, atMs });
  if (options.json) {
    printJson(explanation);
    return;
  }
  const { verdict, code, reason, rules } = explanation;
  print(`${paint(STYLES[verdict], verdict)}${code === undefined ? '' : ` (${code})`}: ${reason}`);
  for (const rule of rules) {
    const whose = rule.level === undefined ? '' : `${rule.level.type} "${rule.level.name}", `;
    print(`  ${rule.step}: ${whose}${rule.rule ?? 'no rule'}: ${rule.verdict}; ${rule.reason}`);
  }
}

/** Adds it to `keys`. */
export function addExplain(keys: Command): void {
  withDataOptions(keys.command('explain'))
    .description('Say what a key may do and why, without calling anything; tools are known by name only')
    .argument('<key>', 'its name or id')
    .addOption(new Option('--tool <server/name>', 'tool to ask about'))
    .addOption(new Option('--prompt <server/name>', 'prompt to ask about'))
    .addOption(new Option('--resource <server/uri>', 'resource to ask about'))
    .addOption(new Option('--model <name>', 'model to ask about, or an alias'))
    .option('--args <json>', 'arguments of the call')
    .option('--at <time>', 'when it is made (default: now)')
    .option('--from <address>', 'address of the client')
    .option('--json', 'print as JSON')
    .action(runExplain);
}
