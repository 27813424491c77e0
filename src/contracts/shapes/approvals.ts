/** How people write standing approvals: calls that need no look any more, until then. */

import { z } from 'zod';

export const StandingApprovalShape = z.strictObject({
  name: z.string().trim().min(1).max(200),
  key: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      'Id of the key whose calls it is about; `user:ID` is a user who comes with a token of the gateway itself, `oauth:…` somebody with one of another issuer, as the trail names them. Left out: all.',
    ),
  targets: z
    .array(z.string())
    .min(1)
    .max(100)
    .describe('Tools it is about, as patterns: `github/create_issue`, `files/read_*`.'),
  when: z
    .string()
    .min(1)
    .max(2_000)
    .optional()
    .describe('Condition (CEL) over `args`, as `args.repo == "docs"`. Left out: whatever the arguments.'),
  expiresAtMs: z.int().min(0).describe('When it ends; milliseconds since 1970.'),
  reason: z.string().max(500).optional().describe('For whoever asks later why it was given.'),
});
export type StandingApprovalBody = z.output<typeof StandingApprovalShape>;
