// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** The shape of `login`: how people sign in. */

import { z } from 'zod';
import { ROLES } from '../../contracts/admin.ts';
import { claim, claimValue, DAY_MS, milliseconds } from './schema-words.ts';

export const IdentityProviderShape = z.strictObject({
  title: z
    .string()
    .min(1)
    .max(60)
    .optional()
    .describe('What the button says after "Sign in with". Left out: its name.'),
  issuer: z
    .string()
    .describe('Issuer of the OpenID provider, exactly as it calls itself. https, or http on this machine.'),
  clientId: z.string().min(1).describe('As which the gateway is registered there.'),
  clientSecret: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Goes with `clientId`; best as a reference: `${env:NAME}`. Never printed. Left out: a public client, by PKCE alone.',
    ),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: 'expected a scope without spaces' }))
    .default(['openid', 'profile', 'email'])
    .describe('Scopes to ask for; `openid` is always among them. Some providers give groups only with one more.'),
  roleMapping: z
    .array(z.strictObject({ claim, value: claimValue, role: z.enum(ROLES).describe('The role this gives.') }))
    .max(200)
    .default([])
    .describe(
      'Which claims give which role; the most that any gives. Applied at every sign-in. Left out: roles are set here.',
    ),
  defaultRole: z
    .enum(ROLES)
    .optional()
    .describe(
      'Role of those whom `roleMapping` gives none, and of new users where there is no `roleMapping`. Left out: they may not sign in.',
    ),
  teamMapping: z
    .array(
      z.strictObject({
        claim,
        value: claimValue,
        team: z.string().min(1).max(200).describe('Name of the team this gives.'),
      }),
    )
    .max(1_000)
    .default([])
    .describe('Which claims put into which teams. A team named here is left again when its claim is gone.'),
  createUsers: z
    .boolean()
    .default(false)
    .describe('Make a user of whoever signs in for the first time. `false`: only who is a user here already.'),
  linkByEmail: z
    .boolean()
    .default(false)
    .describe(
      'Whoever comes with an e-mail address that the provider has verified is taken for the one user who has it here and has never signed in at a provider. Only for providers that check addresses and never give one to somebody else.',
    ),
});

export const Login = z
  .strictObject({
    localAccounts: z
      .boolean()
      .default(true)
      .describe('Whether users may sign in with a password of this gateway. `false`: only at providers.'),
    providers: z
      .record(z.string(), IdentityProviderShape)
      .default({})
      .describe('OpenID providers, by the name that stands in addresses: letters, digits, `_` and `-`, at most 32.'),
    sessionIdleMs: milliseconds(60_000, 90 * DAY_MS)
      .default(DAY_MS / 2)
      .describe('A session unused for this long is ended.'),
    sessionMaxMs: milliseconds(60_000, 365 * DAY_MS)
      .default(7 * DAY_MS)
      .describe('A session ends after this long, however much it is used.'),
    invitationMs: milliseconds(60_000, 30 * DAY_MS)
      .default(3 * DAY_MS)
      .describe('A link by which somebody sets their password is good for this long.'),
    lockOutByAddress: z
      .boolean()
      .default(true)
      .describe(
        'Whether failed sign-ins are counted by address as well as by name. `false` where everybody comes from the address of one proxy.',
      ),
  })
  .describe('How people sign in. Left out: with a password, once there are users.');
