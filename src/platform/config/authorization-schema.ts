/** The shape of `authorization`: access tokens in place of keys. */

import { z } from 'zod';
import { TOKEN_ALGORITHMS } from '../../contracts/authorization-config.ts';
import { AuthorizationServer } from './authorization-server-schema.ts';
import { claim, claimValue, patterns } from './schema-words.ts';

export const Access = z.strictObject({
  allow: patterns('What callers with a token may reach, as patterns. Left out: nothing.'),
  deny: patterns('What they may not reach although `allow` says so. Deny wins.'),
  toolsets: z
    .array(z.string())
    .default([])
    .describe(
      'Toolsets whose endpoint they may use with all they hold, whatever `allow` says; `deny` still takes away.',
    ),
});

const SubjectRule = z.strictObject({
  claim,
  value: claimValue,
  team: z
    .string()
    .min(1)
    .max(200)
    .describe('Name of the team, of the file or of the store, that whoever has this claim counts for.'),
  access: Access.optional().describe('What they may reach, in place of `authorization.access`.'),
});

export const TokenIssuerShape = z.strictObject({
  issuer: z
    .string()
    .describe('Issuer of the tokens, exactly as it calls itself in `iss`. https, or http on this machine.'),
  audience: z
    .array(z.string().min(1).max(500))
    .max(50)
    .default([])
    .describe(
      'Audiences (`aud`) that are good at every endpoint. Left out: only the address of the endpoint itself, as clients ask for it with `resource`. For issuers that do not know of resources.',
    ),
  jwksUrl: z
    .string()
    .optional()
    .describe('Where the public keys of the issuer are. Left out: its metadata says (RFC 8414, OpenID Connect).'),
  algorithms: z
    .array(z.enum(TOKEN_ALGORITHMS))
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'])
    .describe('How its tokens may be signed.'),
  scopes: z
    .array(z.enum(['mcp', 'mcp:read', 'models']))
    .default([])
    .describe('Scopes that each of its tokens has, whatever it says. For issuers that know none of ours.'),
  claims: z
    .strictObject({
      user: claim
        .optional()
        .describe(
          'The claim that holds the name of a user here, e.g. `preferred_username`; `email` only counts where `email_verified` is true. Left out: users are known by issuer and subject alone, as when they sign in.',
        ),
      labels: z
        .record(
          z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: 'use letters, digits, "_", "." and "-", at most 64' }),
          claim,
        )
        .default({})
        .describe('Labels of their calls, and the claims that hold the values, e.g. `{ "client": "client_id" }`.'),
      rules: z
        .array(SubjectRule)
        .max(200)
        .default([])
        .describe('Which claims give which team; the first that fits. Who is no user here needs one.'),
    })
    .prefault({})
    .describe('Who the subject of a token is here.'),
});

export const Authorization = z
  .strictObject({
    access: Access.prefault({}).describe(
      'What callers with a token may reach, within the bounds of their user and team.',
    ),
    issuers: z
      .array(TokenIssuerShape)
      .max(20)
      .default([])
      .describe('Authorization servers whose access tokens are taken.'),
    server: AuthorizationServer.optional(),
  })
  .describe('Access tokens (OAuth 2.1) in place of keys. Left out: none are taken.');
