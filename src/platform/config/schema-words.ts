/** What several parts of the configuration's shape are made of. */

import { z } from 'zod';

export const DAY_MS = 86_400_000;

/** A span of time, at most a day unless told otherwise. */
export const milliseconds = (min: number, max = DAY_MS) => z.int().min(min).max(max);

/** A list of patterns, none by default. */
export const patterns = (description: string) => z.array(z.string()).default([]).describe(description);

export const claim = z
  .string()
  .min(1)
  .max(200)
  .describe('Name of a claim, or a path into one: `groups`, `realm_access.roles`.');
export const claimValue = z
  .string()
  .min(1)
  .max(500)
  .describe('What the claim, or one of its values if it is a list, has to be; `*` stands for any run of characters.');
