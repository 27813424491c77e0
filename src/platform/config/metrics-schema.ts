// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** The shape of `metrics`: figures for Prometheus. */

import { z } from 'zod';

export const Metrics = z
  .strictObject({
    token: z
      .string()
      .describe(
        'Whoever presents it (`Authorization: Bearer …`) may read `GET /metrics`; to everybody else that address does not exist. At least 16 characters, best as a reference: `${env:NAME}`.',
      ),
    maxTools: z
      .int()
      .min(0)
      .max(100_000)
      .default(1000)
      .describe(
        'So many tools are told apart; calls of further ones are counted under the name `other`. Read at the start.',
      ),
  })
  .describe('Figures for Prometheus. Left out: nothing is measured, and there is no `GET /metrics`.');
