/** Who there is, as stored: organisations, teams, users, keys, admin tokens. The admin API takes the same but for what is marked. */

import { z } from 'zod';
import { ROLES } from '../admin.ts';
import { BoundShape, GrantShape } from './grant.ts';
import { LimitsShape } from './limits.ts';

const LENGTH = { error: 'expected 1 to 200 characters' };
const name = z.string().trim().min(1, LENGTH).max(200, LENGTH);
const id = z.string().min(1).max(200);

/** For people and for sums: a customer, a project, a cost centre. */
const labels = z
  .record(
    z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, { error: 'use letters, digits, "_", "." and "-", at most 64' }),
    z.string().max(200),
  )
  .default({})
  .describe(
    'Labels, e.g. `customer`; they stand in the trail with each call of a key, those of the nearest level first.',
  );

/** Milliseconds since 1970. */
const moment = z.int().min(0);

export const OrganizationShape = z.strictObject({
  name,
  bounds: BoundShape.optional().describe('What all below may do at most. Left out: nothing is taken away.'),
  limits: LimitsShape.optional(),
  labels,
});
export type OrganizationBody = z.output<typeof OrganizationShape>;

export const TeamShape = z.strictObject({
  name,
  organization: id.optional().describe('Id of its organisation.'),
  bounds: BoundShape.optional().describe('What all below may do at most. Left out: nothing is taken away.'),
  limits: LimitsShape.optional(),
  labels,
});
export type TeamBody = z.output<typeof TeamShape>;

/** Its members are those of a SCIM user (RFC 7643 section 4.1), in our words where those say the same. */
export const UserShape = z.strictObject({
  name: name.describe('What one signs in with; unique, whatever its case. SCIM: `userName`.'),
  displayName: z.string().max(200).optional(),
  email: z.string().max(320).optional(),
  /** Of the identity provider: `issuer` and `sub`. */
  identities: z
    .array(z.strictObject({ issuer: z.string(), subject: z.string() }))
    .max(20)
    .default([]),
  externalId: z.string().max(200).optional().describe('Of whoever provisions users.'),
  isActive: z.boolean().default(true).describe('`false`: can neither sign in nor use keys.'),
  role: z.enum(ROLES).default('member'),
  organization: id.optional(),
  teams: z.array(id).max(1_000).default([]),
  bounds: BoundShape.optional().describe('What all below may do at most. Left out: nothing is taken away.'),
  limits: LimitsShape.optional(),
  labels,
});
export type UserBody = z.output<typeof UserShape>;

/** One secret: all that is kept of it. Several while one takes the place of another. */
export const SecretShape = z.strictObject({
  /** Lower-case hex SHA-256. */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** First characters, for recognition (`pck_ab12`). */
  prefix: z.string(),
  createdAtMs: moment,
  /** Undefined: as long as its key. */
  expiresAtMs: moment.optional(),
});
export type SecretBody = z.output<typeof SecretShape>;

export const KeyShape = z.strictObject({
  name,
  /** `personal`: of one user, and gone with them. */
  type: z.enum(['service', 'personal']).default('service'),
  user: id.optional().describe('Whose key it is.'),
  team: id.optional().describe('Which team it counts for.'),
  organization: id.optional().describe('Only for keys of no team.'),
  grant: GrantShape,
  limits: LimitsShape.optional(),
  labels,
  secrets: z.array(SecretShape),
  expiresAtMs: moment.optional(),
  revokedAtMs: moment.optional(),
});
export type KeyBody = z.output<typeof KeyShape>;

export const AdminTokenShape = z.strictObject({
  name,
  role: z.enum(ROLES),
  secrets: z.array(SecretShape),
  expiresAtMs: moment.optional(),
  revokedAtMs: moment.optional(),
});
export type AdminTokenBody = z.output<typeof AdminTokenShape>;
