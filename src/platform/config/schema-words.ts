/** What several parts of the configuration's shape are made of. */

import { z } from 'zod';

export const DAY_MS = 86_400_000;

/** A span of time, at most a day unless told otherwise. */
export const milliseconds = (min: number, max = DAY_MS) => z.int().min(min).max(max);

/** A list of patterns, none by default. */
export const patterns = (description: string) => z.array(z.string()).default([]).describe(description);
