// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** The shape of an entry of `keys`. */

import { z } from 'zod';
import { TeamShape } from '../../contracts/shapes/directory.ts';
import { GrantShape } from '../../contracts/shapes/grant.ts';
import { LimitsShape } from '../../contracts/shapes/limits.ts';
import { KeyToolMode } from './providers-schema.ts';
import { patterns } from './schema-words.ts';

export const Key = z.strictObject({
  name: z.string().describe('Who holds it; stands in the audit trail. Unique.'),
  value: z
    .string()
    .describe(
      'The secret itself: at least 16 characters, printable ASCII without spaces. Best as a reference: `${env:NAME}`. Never printed.',
    ),
  allow: patterns('What the key may reach, as patterns. Left out: nothing.'),
  deny: patterns('What it may not reach although `allow` says so. Deny wins.'),
  toolsets: z
    .array(z.string())
    .default([])
    .describe('Toolsets whose endpoint it may use with all they hold, whatever `allow` says; `deny` still takes away.'),
  limits: LimitsShape.optional(),
  toolMode: KeyToolMode,
  ...GrantShape.pick({ agent: true, execute: true, providerKeys: true, parameters: true, networks: true, hours: true })
    .shape,
  team: z.string().optional().describe('Name of the team, in `teams`, that it counts for and is bounded by.'),
  user: z
    .string()
    .trim()
    .min(1)
    .max(200)
    .optional()
    .describe(
      'Whose key it is: id or name of a user of the store. While they are not there, or switched off, nobody can use it.',
    ),
  labels: TeamShape.shape.labels,
});
