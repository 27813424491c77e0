/** The shape of what a key may use in a time, in the file and on the command line alike. */

import { z } from 'zod';
import { BUDGET_WINDOWS, RATE_SPANS } from '../../contracts/limits.ts';

const RateEntry = z.strictObject({
  max: z.int().min(1).max(1_000_000_000_000).describe('So many in any span of that length.'),
  per: z.enum(RATE_SPANS).describe('The span, which slides.'),
});
const rates = (description: string) => z.array(RateEntry).max(8).default([]).describe(description);

export const Limits = z
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
    budgets: z
      .array(
        z.strictObject({
          maxUsd: z.number().min(0.000001).max(1_000_000_000).describe('US dollars that may be spent in each window.'),
          per: z.enum(BUDGET_WINDOWS).describe('Window of the calendar; weeks begin on Monday; `total`: for good.'),
          timeZone: z.string().default('UTC').describe('Whose midnight begins a day, e.g. `Europe/Berlin`.'),
        }),
      )
      .max(8)
      .default([])
      .describe('Money, for tools and models together, as far as they have prices.'),
  })
  .describe('How much the key may use. Left out: as much as it likes.');
