/** The shape of `tokenExchange` in `serverOptions`: tokens for a server that the caller's identity provider gives, without asking the user. */

import { z } from 'zod';

const Issuer = z
  .string()
  .regex(/^https?:\/\/[^/?#]+[^?#]*$/, { error: 'expected the address of an authorization server' });

const clientFields = {
  clientId: z.string().min(1).describe('What the gateway is registered as there.'),
  clientSecret: z
    .string()
    .min(1)
    .optional()
    .describe('Goes with `clientId`. Best as a reference. Left out: a public client. Never printed.'),
};

export const TokenExchange = z
  .strictObject({
    issuer: Issuer.describe(
      "One of `authorization.issuers`: access tokens of its that callers present are exchanged at its token endpoint, and nobody else's.",
    ),
    tokenEndpoint: z
      .string()
      .regex(/^https?:\/\/[^/]+/, { error: 'expected the address of a token endpoint' })
      .optional()
      .describe("Left out: as the issuer's metadata says."),
    ...clientFields,
    audience: z
      .string()
      .min(1)
      .optional()
      .describe('Sent as `audience`, where the issuer knows the server by a name. Left out: with `idJag` its issuer.'),
    resource: z
      .url({ error: 'expected an address' })
      .optional()
      .describe('Sent as `resource`. Left out: the address of the server.'),
    scope: z.string().min(1).optional().describe('Scopes to ask for, with spaces between. Left out: none are named.'),
    subjectTokenType: z
      .enum(['access_token', 'jwt'])
      .default('access_token')
      .describe("What the issuer wants the caller's token to be called (`urn:ietf:params:oauth:token-type:…`)."),
    idJag: z
      .strictObject({
        issuer: Issuer.describe(
          'The authorization server of the server, as it names itself. No other gets the assertion.',
        ),
        ...clientFields,
      })
      .optional()
      .describe(
        'The issuer gives an identity assertion (ID-JAG) in place of a token; the authorization server of the server takes it for one. Left out: what the issuer gives is the token.',
      ),
    signIn: z
      .boolean()
      .default(false)
      .describe('Whether users who come without such a token may connect at `/account/connections` by signing in.'),
  })
  .describe(
    'With `credentials: "per-user"`: the token of each user is got by token exchange (RFC 8693) with the access token that they present to the gateway. Left out: users connect by themselves.',
  );
