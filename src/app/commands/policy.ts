/** `portcullis policy`: what the rules of a configuration file say, of everything or of one call, without making it. */

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { GatewayConfig } from '../../contracts/config.ts';
import { POLICY_ACTIONS, type PolicyAction, type PolicyConfig, type ToolClass } from '../../contracts/policy.ts';
import { compileGrant, parsePattern, type TargetKind } from '../../domain/access/compile-grant.ts';
import { compilePolicy, decidePlan, type KnownTarget, type RuleReport } from '../../domain/policy/compile-policy.ts';
import type { Situation } from '../../domain/policy/judge-rule.ts';
import { readArguments } from '../../domain/policy/read-arguments.ts';
import { classOf } from '../../domain/policy/tool-hints.ts';
import { exposedName } from '../../domain/tools/exposed-name.ts';
import { closest } from '../../lib/closest.ts';
import { isObject } from '../../lib/is-object.ts';
import { readEnvironment } from '../../platform/config/environment.ts';
import { loadConfig } from '../../platform/config/load-config.ts';
import { renderProblems } from '../../platform/config/render-problems.ts';
import { CommandError, EXIT, messageOf } from './command-error.ts';
import { parseMoment } from './parse-moment.ts';
import { DEFAULT_CONFIG } from './shared-options.ts';
import { type Cell, paint, print, printJson, printNote, printTable } from './terminal.ts';

interface CheckOptions {
  readonly config: string;
  readonly json?: boolean;
}
interface TestOptions extends CheckOptions {
  readonly key: string;
  readonly tool?: string;
  readonly prompt?: string;
  readonly resource?: string;
  readonly args?: string;
  readonly annotations?: string;
  readonly endpoint: string;
  readonly at?: string;
  readonly expect?: string;
}

const NO_POLICY: PolicyConfig = {
  rules: [],
  defaults: { readOnly: 'allow', write: 'allow', destructive: 'allow', unannotated: 'allow' },
  annotations: [],
};
const STYLES = { allow: 'green', ask: 'yellow', deny: 'red' } as const;

async function readConfigFile(options: CheckOptions): Promise<GatewayConfig> {
  const file = resolve(options.config);
  const result = await loadConfig({ file, env: readEnvironment() });
  if (result.ok) return result.config;
  throw new CommandError(EXIT.failed, `the configuration is not valid:\n${renderProblems(result.problems, file)}`);
}

async function runCheck(options: CheckOptions): Promise<void> {
  const { policy } = await readConfigFile(options);
  const { rules, defaults, annotations } = policy ?? NO_POLICY;
  const compiled = compilePolicy(policy ?? NO_POLICY).rules;
  const rows = rules.map((rule, i) => {
    const decides = compiled[i]?.looksAtCall ? 'per call' : 'beforehand';
    return { ...rule, decides };
  });
  if (options.json) {
    printJson({ rules: rows, defaults, annotations });
    return;
  }
  if (policy === undefined)
    printNote('No rule and no default refuses anything: every call that a grant allows is made.');
  print(
    `defaults: ${Object.entries(defaults)
      .map(([name, action]) => `${name} ${action}`)
      .join(', ')}`,
  );
  if (rows.length === 0) return;
  const cells = rows.map(({ name, action, keys, targets, when, decides }): Cell[] => [
    name,
    { text: action, style: STYLES[action] },
    decides,
    keys?.join(' ') ?? '*',
    targets?.join(' ') ?? '*',
    when ?? '',
  ]);
  printTable(['RULE', 'ACTION', 'DECIDED', 'KEYS', 'TARGETS', 'WHEN'], cells);
}

function readTarget(options: TestOptions, config: GatewayConfig): KnownTarget {
  const given = (['tool', 'prompt', 'resource'] as const).flatMap((kind) => {
    const text = options[kind];
    return text === undefined ? [] : [{ kind, text }];
  });
  const [only, second] = given;
  if (only === undefined || second !== undefined)
    throw new CommandError(EXIT.usage, 'name what is called: one of --tool, --prompt and --resource');
  const { server, name, kind } = parsePattern(only.text);
  if (name === undefined || name === '' || kind !== undefined)
    throw new CommandError(EXIT.usage, `--${only.kind} wants server/name, not ${JSON.stringify(only.text)}`);
  const ids = config.servers.map(({ id }) => id);
  if (!ids.includes(server)) {
    const near = closest(server, ids);
    const remedy = near === undefined ? `There are: ${ids.join(', ')}.` : `Did you mean ${near}?`;
    throw new CommandError(EXIT.failed, `there is no server with the id ${JSON.stringify(server)}`, remedy);
  }
  const annotations = parseObject(options.annotations ?? '{}', '--annotations');
  const exposed = only.kind === 'resource' ? name : exposedName(server, name);
  return { kind: only.kind, serverId: server, name, exposed, definition: JSON.stringify({ name, annotations }) };
}

function parseObject(text: string, option: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CommandError(EXIT.usage, `${option} is not valid JSON: ${messageOf(error)}`);
  }
  if (!isObject(value)) throw new CommandError(EXIT.usage, `${option} wants a JSON object`);
  return value;
}

function argumentsText(given: string | undefined): string {
  if (given === undefined || !given.startsWith('@')) return given ?? '{}';
  try {
    return readFileSync(given.slice(1), 'utf8');
  } catch (error) {
    throw new CommandError(EXIT.failed, `the arguments cannot be read: ${messageOf(error)}`);
  }
}

function readSituation(options: TestOptions, rules: Parameters<typeof readArguments>[1]): Situation {
  const text = argumentsText(options.args);
  parseObject(text, '--args');
  const args = readArguments(text, rules);
  if ('fault' in args) throw new CommandError(EXIT.failed, `the call would be refused before any rule: ${args.fault}`);
  const nowMs = options.at === undefined ? Date.now() : parseMoment(options.at, Date.now(), -1);
  if (nowMs === undefined) throw new CommandError(EXIT.usage, '--at wants a time such as 2026-12-31T10:00:00Z');
  const toolset = /^\/mcp\/t\/([^/]+)$/.exec(options.endpoint)?.[1] ?? '';
  const { value, count, longestChars } = args.reading;
  return {
    values: { args: value, now: new Date(nowMs), request: { endpoint: options.endpoint, toolset } },
    size: { count, longestChars },
  };
}

function because({ judgement }: RuleReport): string {
  switch (judgement.fits) {
    case 'yes':
      return 'fits';
    case 'unknown':
      return `no answer: ${judgement.problem}`;
    case 'no':
      return { key: 'is about other keys', target: 'is about other targets', condition: 'the condition is false' }[
        judgement.because
      ];
  }
}

/** What the key's grant says; undefined where the file does not know the key. */
function askGrant(
  config: GatewayConfig,
  keyName: string,
  target: KnownTarget & { kind: TargetKind },
): boolean | undefined {
  const grant =
    config.keys.find(({ name }) => name === keyName)?.grant ?? (keyName === 'anonymous' ? config.anonymous : undefined);
  return grant && compileGrant(grant).allows(target.kind, target.serverId, target.name);
}

/** What `policy test` finds out. */
interface Explanation {
  readonly verdict: PolicyAction;
  readonly rule: string | undefined;
  readonly message: string | undefined;
  readonly problem: string | undefined;
  /** Left out of lists, and answered like what is not there. */
  readonly hidden: boolean;
  /** Undefined: the file does not know the key. */
  readonly granted: boolean | undefined;
  readonly toolClass: ToolClass | undefined;
  readonly rules: readonly { readonly rule: string; readonly action: PolicyAction; readonly because: string }[];
}

/** Asks the rules of the file about one call. Throws CommandError. */
export async function explainCall(options: TestOptions): Promise<Explanation> {
  const config = await readConfigFile(options);
  const policy = compilePolicy(config.policy ?? NO_POLICY);
  const target = readTarget(options, config);
  const plan = policy.plan(options.key, target);
  const situation = readSituation(options, plan.type === 'open' ? plan.rules : []);
  const { action: verdict, rule, message, problem } = decidePlan(plan, () => situation);
  const hints = policy.hintsOf(target);
  return {
    verdict,
    rule,
    message,
    problem,
    hidden: plan.type === 'settled' && verdict === 'deny',
    granted: askGrant(config, options.key, target),
    toolClass: hints && classOf(hints),
    rules: policy.explain(options.key, target, situation).map((report) => ({
      rule: report.rule.name,
      action: report.rule.action,
      because: because(report),
    })),
  };
}

function printExplanation(keyName: string, found: Explanation): void {
  const { verdict, rule, message, problem, hidden, granted, toolClass, rules } = found;
  const by = rule === undefined ? 'no rule speaks of it' : rule.startsWith('defaults.') ? rule : `rule "${rule}"`;
  print(`${paint(STYLES[verdict], verdict)}: ${by}${hidden ? '; hidden from lists' : ''}`);
  if (message !== undefined) print(`  message: ${message}`);
  if (problem !== undefined) print(`  the condition had no answer: ${problem}`);
  if (granted === undefined)
    print(`  grant: the file has no key ${JSON.stringify(keyName)}, so only the rules were asked`);
  else print(`  grant: ${granted ? 'allows it' : 'does not allow it, so it is hidden whatever the rules say'}`);
  if (toolClass !== undefined) print(`  tool: counts as ${toolClass}`);
  for (const each of rules) print(`  ${each.rule} (${each.action}): ${each.because}`);
}

async function runTest(options: TestOptions): Promise<void> {
  const found = await explainCall(options);
  if (options.json) printJson(found);
  else printExplanation(options.key, found);
  if (options.expect === undefined || options.expect === found.verdict) return;
  printNote(`expected ${options.expect}`);
  process.exitCode = EXIT.failed;
}

/** Adds the command. */
export function policyCommand(program: Command): void {
  const policy = program.command('policy').description('Show the rules on calls, or what they say of one call');
  const withFile = (command: Command): Command =>
    command.option('-c, --config <file>', 'configuration file', DEFAULT_CONFIG).option('--json', 'print JSON');
  withFile(policy.command('check'))
    .description('Check the configuration and show its rules as they are understood')
    .action(runCheck);
  withFile(policy.command('test'))
    .description('Say which rule decides a call, and why, without making it')
    .requiredOption('--key <name>', 'name of the key that calls')
    .option('--tool <server/name>', 'tool that is called')
    .option('--prompt <server/name>', 'prompt that is fetched')
    .option('--resource <server/uri>', 'resource that is read')
    .option('--args <json>', 'arguments of the call, or @FILE')
    .option('--annotations <json>', 'annotations of the tool, as its server would declare them')
    .option('--endpoint <path>', 'endpoint that is asked', '/mcp')
    .option('--at <time>', 'time of the call (default: now)')
    .addOption(new Option('--expect <verdict>', 'exit with 1 if the verdict is another').choices(POLICY_ACTIONS))
    .addHelpText(
      'after',
      `
Example:
  portcullis policy test --key ci --tool github/push --args '{"force": true}' --expect deny`,
    )
    .action(runTest);
}
