// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** The shape of the section `webhooks`. */

import { z } from 'zod';
import { WEBHOOK_EVENTS } from '../../contracts/webhooks.ts';

export const Webhook = z.strictObject({
  url: z.string().describe('Where events are sent (POST): https, or http on this machine.'),
  secret: z
    .string()
    .describe(
      'Signs what is sent, as `Portcullis-Signature`. At least 16 characters, best as a reference: `${env:NAME}`. Never printed.',
    ),
  events: z
    .array(z.enum(WEBHOOK_EVENTS))
    .min(1)
    .default([...WEBHOOK_EVENTS])
    .describe('Which events. Left out: all.'),
});

export const Webhooks = z
  .record(z.string(), Webhook)
  .describe('Who is told of events, by name: budgets that are nearly or all used.');
