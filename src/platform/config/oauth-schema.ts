/** The shape of `oauth` in `serverOptions`: how the gateway is known where it signs in at a server. */

import { z } from 'zod';

export const OAuth = z
  .strictObject({
    clientId: z
      .string()
      .min(1)
      .optional()
      .describe('Client id, where the gateway was registered beforehand. Left out: the gateway registers itself.'),
    clientSecret: z.string().min(1).optional().describe('Goes with `clientId`. Best as a reference. Never printed.'),
    scopes: z.array(z.string()).optional().describe('Scopes to ask for where the server does not name any.'),
    clientMetadataUrl: z
      .string()
      .regex(/^https:\/\/[^/]+\/./, { error: 'expected an https:// URL with a path' })
      .optional()
      .describe(
        'Public address of a client ID metadata document that names the callback of this gateway; used where the authorization server understands it.',
      ),
  })
  .describe(
    'How the gateway signs in at a remote server that wants OAuth. Left out: it registers itself; `portcullis login` shows the address to open.',
  );
