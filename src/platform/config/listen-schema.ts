/** The shape of `listen`: the address, and the names it goes by. */

import { z } from 'zod';

export const Listen = z
  .strictObject({
    host: z
      .string()
      .default('127.0.0.1')
      .describe('Address to bind. Anything but a loopback address opens the gateway to the network.'),
    port: z.int().min(0).max(65_535).default(8484).describe('Port to bind; 0 picks a free one.'),
    publicUrl: z
      .string()
      .regex(/^https?:\/\/[^/?#@]+$/, { error: 'expected http(s)://name or http(s)://name:port, without a path' })
      .optional()
      .describe(
        'Where browsers reach the gateway if not at the address it listens on: sign-ins at servers come back there. Its name also belongs into `allowedHosts`.',
      ),
    allowedHosts: z
      .array(z.string())
      .default([])
      .describe('`Host` header values accepted besides loopback names and the bound address: `name` or `name:port`.'),
    allowedOrigins: z
      .array(z.string())
      .default([])
      .describe('Browser origins accepted besides our own: `https://name` or `https://name:port`.'),
    trustedProxies: z
      .array(z.string())
      .default([])
      .describe(
        'Networks of proxies before the gateway, as `10.0.0.0/8`. Of a request through them the client is the last address in `X-Forwarded-For` that is none of theirs; from anybody else that header is not believed. Matters for keys with `networks`.',
      ),
  })
  .describe('Where the gateway listens.');
