/** The shape of the sections that say something of tools by pattern. */

import { z } from 'zod';
import { milliseconds } from './schema-words.ts';

const ResultRule = z.strictObject({
  maxBytes: z
    .int()
    .min(1024)
    .max(1_073_741_824)
    .describe('A larger result goes out shortened to about this, with the address of the whole.'),
});

export const Results = z
  .strictObject({
    tools: z
      .record(z.string(), ResultRule)
      .default({})
      .describe(
        'By tool: `server/name`, `server/*`, `*`; the most specific pattern counts. Tools without one: no bound.',
      ),
    keepMs: milliseconds(1000).default(600_000).describe('The whole of a shortened result can be read this long.'),
    maxKeptBytes: z
      .int()
      .min(1_048_576)
      .max(17_179_869_184)
      .default(67_108_864)
      .describe('Memory for them. The oldest make room; one key gets at most half.'),
  })
  .describe('Bounds on results of tools. Left out: results go out as they came.');

const CacheRule = z.strictObject({
  ttlMs: milliseconds(1).describe('A result serves equal calls this long.'),
  scope: z
    .enum(['caller', 'public'])
    .default('caller')
    .describe(
      '`caller`: each key has its own. `public`: one key may get what another asked for, if it may call the tool.',
    ),
  readOnly: z
    .boolean()
    .default(false)
    .describe(
      '`true`: the tool only reads, although its server does not say so. Without it such a tool is not cached.',
    ),
});

export const Cache = z
  .strictObject({
    tools: z
      .record(z.string(), CacheRule)
      .default({})
      .describe(
        'By tool: `server/name`, `server/*`; the most specific pattern counts. Tools without one are not cached.',
      ),
    maxBytes: z
      .int()
      .min(65_536)
      .max(17_179_869_184)
      .default(33_554_432)
      .describe('Memory for results; those not asked for the longest make room.'),
  })
  .describe('Results of tools that only read, to serve equal calls. Left out: every call is made.');

const PriceRule = z.strictObject({
  perCallMicroUsd: z
    .int()
    .min(0)
    .max(1_000_000_000_000)
    .describe('Price of one call in millionths of a US dollar: 1500 is $0.0015.'),
});

export const Prices = z
  .strictObject({
    tools: z
      .record(z.string(), PriceRule)
      .default({})
      .describe(
        'By tool: `server/name`, `server/*`; the most specific pattern counts. Tools without one have no price.',
      ),
  })
  .describe('What calls of tools cost: recorded in the trail and added up by `portcullis audit costs`.');
