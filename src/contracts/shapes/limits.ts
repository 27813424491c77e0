/** How people write limits: in the file, on the command line, in the admin API and in what is stored. */

import { z } from 'zod';
import { BUDGET_WINDOWS, RATE_SPANS } from '../limits.ts';
import { TimeZone } from './time-zone.ts';

const on = z
  .array(z.string())
  .min(1)
  .optional()
  .describe(
    'Patterns as in `allow` (`github`, `github/create_*`, `model:openai/*`): only calls of these count. Left out: all.',
  );

const RateEntry = z.strictObject({
  max: z.int().min(1).max(1_000_000_000_000).describe('So many in any span of that length.'),
  per: z.enum(RATE_SPANS).describe('The span, which slides.'),
  on,
});
const rates = (description: string) => z.array(RateEntry).max(8).default([]).describe(description);

export const BudgetShape = z.strictObject({
  maxUsd: z.number().min(0.000001).max(1_000_000_000).describe('US dollars that may be spent in each window.'),
  per: z.enum(BUDGET_WINDOWS).describe('Window of the calendar; weeks begin on Monday; `total`: for good.'),
  timeZone: TimeZone.default('UTC').describe('Whose midnight begins a day, e.g. `Europe/Berlin`.'),
  rolling: z
    .boolean()
    .default(false)
    .describe('`true`: any span of that length (a month: 30 days) in place of a window of the calendar.'),
  alertAt: z
    .array(z.number().gt(0).max(1))
    .max(8)
    .default([])
    .describe('Shares of the budget, as 0.8, at which webhooks are told, once in each window.'),
  on,
});

export const LimitsShape = z
  .strictObject({
    requests: rates('Requests: calls of tools and models, prompts, resources. Lists are not counted.'),
    tokens: rates(
      'Tokens of models, input and output together. A prompt counts by its size until its answer is known.',
    ),
    toolCalls: rates('Calls of tools.'),
    maxConcurrent: z
      .int()
      .min(1)
      .max(1_000_000)
      .optional()
      .describe('Calls under way at once; a stream is under way until it ends. Left out: no bound.'),
    queue: z
      .strictObject({
        maxWaiting: z.int().min(1).max(10_000).default(100).describe('Calls that wait at once, of all keys together.'),
        maxWaitMs: z.int().min(1).max(300_000).default(10_000).describe('So long each of them waits at most.'),
      })
      .optional()
      .describe(
        'Calls that these limits (budgets apart) have no room for wait for it; keys take turns. Left out: they are refused at once.',
      ),
    budgets: z
      .array(BudgetShape)
      .max(8)
      .default([])
      .describe('Money, for tools and models together, as far as they have prices.'),
  })
  .describe('How much may be used. Left out: as much as one likes.');
export type LimitsBody = z.output<typeof LimitsShape>;
