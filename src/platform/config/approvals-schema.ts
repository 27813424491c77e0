/** Section `approvals` of the file. */

import { z } from 'zod';

const DAY_MS = 86_400_000;

export const ApprovalsSection = z
  .strictObject({
    expireAfterMs: z
      .int()
      .min(1_000)
      .max(30 * DAY_MS)
      .default(DAY_MS)
      .describe('How long a person has to approve a call that a rule asks about.'),
    suggestionsExpireAfterMs: z
      .int()
      .min(1_000)
      .max(30 * DAY_MS)
      .default(3_600_000)
      .describe('How long what a model suggested can be carried out.'),
    keepResultsMs: z
      .int()
      .min(0)
      .max(30 * DAY_MS)
      .default(DAY_MS)
      .describe('How long the answer of a call that was carried out is kept for whoever asks again.'),
    elicitation: z
      .boolean()
      .default(true)
      .describe(
        'Whether whoever sits at an MCP client is asked there, where the client can. A client can answer its own question: what must be seen by somebody else wants `fourEyes`.',
      ),
    fourEyes: z
      .boolean()
      .default(false)
      .describe(
        'Nobody approves what their own key called; where a key belongs to no user, two people have to approve.',
      ),
    waitMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .default(300_000)
      .describe('How long agent mode, and whoever asked to wait, waits for a person before it hands the call back.'),
  })
  .describe('Calls that wait for a person, and suggestions of models.');
