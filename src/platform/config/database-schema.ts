// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** The database section of `portcullis.json`. */

import { z } from 'zod';
import { milliseconds } from './schema-words.ts';

export const Database = z
  .strictObject({
    url: z
      .string()
      .describe(
        '`postgres://user:password@host:5432/name`, TLS by `?sslmode=verify-full`. Best as a reference: `${env:DATABASE_URL}`. Never printed.',
      ),
    schema: z
      .string()
      .regex(/^[a-z_][a-z0-9_]{0,62}$/, { error: 'expected lower-case letters, digits and _, at most 63' })
      .default('portcullis')
      .describe('Schema the tables are in; made if it is missing. Lower-case letters, digits and `_`.'),
    poolSize: z
      .int()
      .min(2)
      .max(500)
      .default(10)
      .describe('Connections at most that one gateway opens, besides three.'),
    statementTimeoutMs: milliseconds(100).default(10_000).describe('A statement that takes longer is given up.'),
  })
  .describe(
    'PostgreSQL (13 or newer), in place of SQLite in the data folder: what several gateways share. Read at the start. Left out: SQLite.',
  );
