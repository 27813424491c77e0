/** Parameters that many operations have. */

import { z } from 'zod';

export const NoParams = z.strictObject({});
export const NoQuery = z.strictObject({});
export const IdParams = z.strictObject({ id: z.string().min(1).max(200).describe('Its id.') });
export const NameFilter = {
  name: z.string().min(1).max(200).optional().describe('Only those whose name begins so.'),
};

/** Milliseconds since 1970, as it stands in a query. */
export const queryMoment = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);
