/** Agent mode of a key as a person writes it on the command line: `--agent on --auto "files/read_*" --only-if readOnly`. */

import type { Command } from 'commander';
import { AgentShape, type GrantBody } from '../../contracts/shapes/grant.ts';
import { CommandError, EXIT } from './command-error.ts';

export interface AgentOptions {
  readonly agent?: string;
  readonly auto: readonly string[];
  readonly onlyIf: readonly string[];
  readonly maxRounds?: string;
  readonly maxCalls?: string;
  readonly maxRunTokens?: string;
  readonly maxRunCost?: string;
  readonly maxRunTime?: string;
}

const MICRO = 1_000_000;

/** Adds what `parseAgent` reads. */
export function withAgentOptions(command: Command): Command {
  const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];
  return command
    .option(
      '--agent <mode>',
      'agent mode: "on" runs tools whenever they go along, "off" where a request asks (x-portcullis-agent: on)',
    )
    .option('--auto <pattern>', 'agent mode: tools the gateway may run by itself; repeat for more', collect, [])
    .option(
      '--only-if <condition>',
      'agent mode: what those must be besides: readOnly, idempotent, notDestructive, closedWorld; repeat for more',
      collect,
      [],
    )
    .option('--max-rounds <number>', 'agent mode: most calls of the model in one run (default 10)')
    .option('--max-calls <number>', 'agent mode: most calls of tools in one run (default 50)')
    .option('--max-run-tokens <number>', 'agent mode: most tokens in one run')
    .option('--max-run-cost <usd>', 'agent mode: most one run may cost, as 0.50')
    .option('--max-run-time <seconds>', 'agent mode: how long one run may take (default 600)');
}

/** Of members that the shape knows, the option that says them. */
const OPTION: { readonly [member: string]: string } = {
  ...{ mode: '--agent', auto: '--auto', onlyIf: '--only-if', maxRounds: '--max-rounds', maxCalls: '--max-calls' },
  ...{ maxTokens: '--max-run-tokens', maxCostMicroUsd: '--max-run-cost', maxDurationMs: '--max-run-time' },
};

/** Nothing where none was given. Throws CommandError. */
export function parseAgent(options: AgentOptions): Pick<GrantBody, 'agent'> {
  const { agent: mode, auto, onlyIf } = options;
  const number = (text: string | undefined, factor = 1): number | undefined =>
    text === undefined ? undefined : text.trim() === '' ? Number.NaN : Math.round(Number(text) * factor);
  const numbers = {
    maxRounds: number(options.maxRounds),
    maxCalls: number(options.maxCalls),
    maxTokens: number(options.maxRunTokens),
    maxCostMicroUsd: number(options.maxRunCost, MICRO),
    maxDurationMs: number(options.maxRunTime, 1_000),
  };
  const given = Object.entries({
    ...{ mode, auto: auto.length > 0 ? auto : undefined, onlyIf: onlyIf.length > 0 ? onlyIf : undefined },
    ...numbers,
  }).filter(([, value]) => value !== undefined);
  if (given.length === 0) return {};
  if (mode === undefined)
    throw new CommandError(EXIT.usage, `${OPTION[given[0]?.[0] ?? '']} says something of agent mode`, 'add --agent on');
  const parsed = AgentShape.safeParse(Object.fromEntries(given));
  if (parsed.success) return { agent: parsed.data };
  const [issue] = parsed.error.issues;
  throw new CommandError(EXIT.usage, `${OPTION[String(issue?.path[0])] ?? '--agent'}: ${issue?.message}`);
}
