/** The shapes of `oauth`, `credentials` and `userHeaders` in `serverOptions`: whose credential a server gets, and how the gateway is known where one signs in. */

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
    issuer: z
      .string()
      .regex(/^https?:\/\/[^/]+/, { error: 'expected the address of an authorization server' })
      .optional()
      .describe(
        'With `credentials: "per-user"` at a server of type `openapi`: the authorization server at which people sign in, as it names itself. Left out: the API is asked (RFC 9728). MCP servers name it themselves.',
      ),
    clientCredentials: z
      .strictObject({
        issuer: z
          .string()
          .regex(/^https?:\/\/[^/]+/, { error: 'expected the address of an authorization server' })
          .describe('The only authorization server that gets them, as it names itself.'),
        privateKey: z
          .string()
          .min(1)
          .optional()
          .describe(
            'Private key in PEM that signs assertions (`private_key_jwt`), in place of `clientSecret`. Best as a reference. Never printed.',
          ),
      })
      .optional()
      .describe(
        'The gateway gets its token by itself (grant `client_credentials`), with `clientId` and `clientSecret` or `privateKey`. Left out: somebody signs in.',
      ),
  })
  .describe(
    'How the gateway signs in at a remote server that wants OAuth. Left out: it registers itself; `portcullis login` shows the address to open.',
  );

export const Credentials = z
  .enum(['shared', 'per-user'])
  .default('shared')
  .describe(
    'Whose credential the calls of a remote server carry. `shared`: one for all callers. `per-user`: what each person connected at `/account/connections`, by signing in (OAuth) or by filling in `userHeaders`; keys that belong to no user cannot call it.',
  );

export const UserHeaders = z
  .array(
    z.strictObject({
      name: z
        .string()
        .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/, { error: 'expected the name of an HTTP header' })
        .describe('Name of the header.'),
      title: z
        .string()
        .min(1)
        .max(100)
        .optional()
        .describe('What people are asked for, e.g. `API key`. Left out: the name.'),
      description: z.string().max(500).optional().describe('Where people get it.'),
    }),
  )
  .min(1)
  .max(8)
  .optional()
  .describe(
    'With `credentials: "per-user"`: headers that each person fills in for themselves, sent with their calls. Left out: people sign in (OAuth).',
  );
