// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** The redis section of `portcullis.json`. */

import { z } from 'zod';
import { milliseconds } from './schema-words.ts';

export const RedisSection = z
  .strictObject({
    url: z
      .string()
      .describe(
        '`redis://user:password@host:6379/0`, TLS by `rediss://`. Best as a reference: `${env:REDIS_URL}`. Never printed.',
      ),
    timeoutMs: milliseconds(1, 60_000)
      .default(1000)
      .describe('A call that Redis has not counted by then is dealt with as `limits.onStoreLoss` says.'),
    keyPrefix: z
      .string()
      .regex(/^[\w:./-]{0,100}$/, { error: 'expected letters, digits, "_", ":", ".", "/" and "-", at most 100' })
      .default('portcullis:')
      .describe('In front of every key. Gateways count together that share Redis, its database and this.'),
  })
  .describe(
    'Redis (6.2 or newer), in which gateways with one `database` count limits together. Read at the start. Left out: they count in the database.',
  );
