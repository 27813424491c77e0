/** The shape of `admin`: what may be set other than by the file. */

import { z } from 'zod';

export const Admin = z
  .strictObject({
    references: z
      .array(z.string())
      .max(1_000)
      .default([])
      .describe(
        'References that objects of the store may hold, as patterns: `env:GITHUB_*`. Left out: none, since whoever may write there is not to read the environment of the gateway.',
      ),
    stdioCommands: z
      .array(
        z.strictObject({
          command: z.string().min(1).describe('Exactly this command.'),
          args: z
            .array(z.string())
            .default([])
            .describe('Its arguments, one pattern each; `**` as the last fits all that follow.'),
        }),
      )
      .max(100)
      .default([])
      .describe('Programs that servers of the store may start. Left out: none.'),
  })
  .describe('What may be set other than by this file. Read at the start.');
