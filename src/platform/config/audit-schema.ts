/** The audit section of `portcullis.json`. */

import { z } from 'zod';

export const Audit = z
  .strictObject({
    sync: z
      .boolean()
      .default(false)
      .describe(
        'Flush each write-ahead record to the disk before the call is made: survives a power cut, costs one disk flush per call with possible side effects (grouped).',
      ),
    arguments: z.boolean().default(true).describe('Keep the arguments of calls.'),
    maxAgeDays: z.int().min(1).max(36_500).default(30).describe('Records older than this are removed.'),
    maxSizeMb: z.int().min(1).max(1_048_576).default(1024).describe('Beyond this size the oldest records are removed.'),
  })
  .describe('The record of every list and call.');
