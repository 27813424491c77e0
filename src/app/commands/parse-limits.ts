/** Limits of a key as a person writes them on the command line: `100/minute`, `5usd/day`. */

import type { z } from 'zod';
import { BUDGET_WINDOWS, RATE_SPANS } from '../../contracts/limits.ts';
import { type BudgetShape, type LimitsBody, LimitsShape } from '../../contracts/shapes/limits.ts';
import { isTimeZone } from '../../lib/calendar-window.ts';
import { CommandError, EXIT } from './command-error.ts';

export interface LimitOptions {
  readonly rate: readonly string[];
  readonly tokens: readonly string[];
  readonly toolCalls: readonly string[];
  readonly concurrent?: string;
  readonly budget: readonly string[];
  readonly timeZone?: string;
}

type RateBody = LimitsBody['requests'][number];

/** Undefined: none was given. Throws CommandError for what cannot be read. */
export function parseLimits(options: LimitOptions): LimitsBody | undefined {
  const { rate, tokens, toolCalls, concurrent, budget, timeZone = 'UTC' } = options;
  if (!isTimeZone(timeZone)) throw new CommandError(EXIT.usage, `${JSON.stringify(timeZone)} is no time zone`);
  if ([rate, tokens, toolCalls, budget].every(({ length }) => length === 0) && concurrent === undefined)
    return undefined;
  const maxConcurrent = concurrent === undefined ? undefined : Number(concurrent);
  if (maxConcurrent !== undefined && !(Number.isInteger(maxConcurrent) && maxConcurrent > 0))
    throw new CommandError(EXIT.usage, '--concurrent wants a whole number from 1');
  return LimitsShape.parse({
    requests: rate.map((text) => parseRate('--rate', text)),
    tokens: tokens.map((text) => parseRate('--tokens', text)),
    toolCalls: toolCalls.map((text) => parseRate('--tool-calls', text)),
    maxConcurrent,
    budgets: budget.map((text) => parseBudget(text, timeZone)),
  });
}

/** `60/minute on github/*, model:openai/*` taken apart at ` on `. */
function splitTargets(text: string): { readonly limit: string; readonly on: string[] | undefined } {
  const [, limit = '', patterns] = /^(\S+)(?:\s+on\s+(.+))?$/s.exec(text.trim()) ?? [];
  const on = patterns?.split(/[\s,]+/).filter((pattern) => pattern !== '');
  return { limit, on };
}

function parseRate(option: string, text: string): RateBody {
  const { limit, on } = splitTargets(text);
  const [, digits = '', span = ''] = /^([\d_]+)\/([a-z]+)$/.exec(limit) ?? [];
  const max = Number(digits.replaceAll('_', ''));
  const per = RATE_SPANS.find((each) => each === span);
  if (per === undefined || !Number.isInteger(max) || max < 1)
    throw new CommandError(
      EXIT.usage,
      `${option} wants a number and a span such as 100/minute, or "100/minute on github/*"; spans are ${RATE_SPANS.join(', ')}`,
    );
  return { max, per, ...(on !== undefined && { on }) };
}

function parseBudget(text: string, timeZone: string): z.input<typeof BudgetShape> {
  const rolling = /^\S+\s+rolling\b/.test(text.trim());
  const { limit, on } = splitTargets(text.trim().replace(/^(\S+)\s+rolling\b/, '$1'));
  const [, amount = '', window = ''] = /^\$?(\d+(?:\.\d+)?)(?:usd)?\/([a-z]+)$/i.exec(limit) ?? [];
  const maxUsd = Number(amount);
  const per = BUDGET_WINDOWS.find((each) => each === window);
  if (per === undefined || !(maxUsd >= 0.000001))
    throw new CommandError(
      EXIT.usage,
      `--budget wants dollars and a window such as 5usd/day, "5usd/month rolling" or "5usd/day on model:openai/*"; windows are ${BUDGET_WINDOWS.join(', ')}`,
    );
  return { maxUsd, per, timeZone, ...(rolling && { rolling }), ...(on !== undefined && { on }) };
}

const renderTargets = (on: readonly string[] | undefined): string => (on === undefined ? '' : ` on ${on.join(' ')}`);

/** As `parseLimits` reads it, for lists. */
export function renderLimits(limits: LimitsBody | undefined): string {
  if (limits === undefined) return '';
  const rates = (of: readonly RateBody[], what: string) =>
    of.map(({ max, per, on }) => `${max} ${what}/${per}${renderTargets(on)}`);
  return [
    ...rates(limits.requests, 'requests'),
    ...rates(limits.tokens, 'tokens'),
    ...rates(limits.toolCalls, 'tool calls'),
    ...(limits.maxConcurrent === undefined ? [] : [`${limits.maxConcurrent} at once`]),
    ...limits.budgets.map(
      ({ maxUsd, per, rolling, on }) => `$${maxUsd}/${per}${rolling ? ' rolling' : ''}${renderTargets(on)}`,
    ),
  ].join(', ');
}
