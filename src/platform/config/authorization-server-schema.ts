// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** The shape of `authorization.server`: the gateway's own authorization server. */

import { z } from 'zod';
import { DAY_MS, milliseconds } from './schema-words.ts';

const Client = z.strictObject({
  name: z.string().min(1).max(80).optional().describe('What people are shown. Left out: its id.'),
  secret: z
    .string()
    .min(16)
    .optional()
    .describe(
      'What it proves itself by, best as a reference: `${env:NAME}`. Left out: a public client, by PKCE alone.',
    ),
  redirectUris: z
    .array(z.string())
    .min(1)
    .max(32)
    .describe('Where it may have people sent back to, exactly; on this machine any port will do.'),
});

export const AuthorizationServer = z
  .strictObject({
    accessTokenMs: milliseconds(10_000, DAY_MS).default(600_000).describe('An access token is good for this long.'),
    refreshTokenMs: milliseconds(60_000, 365 * DAY_MS)
      .default(30 * DAY_MS)
      .describe('A grant that a client has not used for this long cannot be used any more.'),
    grantMs: milliseconds(60_000, 2 * 365 * DAY_MS)
      .default(90 * DAY_MS)
      .describe('A grant ends after this long, however much it is used; then people are asked again.'),
    clients: z
      .record(z.string(), Client)
      .default({})
      .describe('Clients that need not register, by the id that they present.'),
    registration: z
      .strictObject({
        enabled: z.boolean().default(true).describe('Whether clients may register themselves (RFC 7591).'),
        maxClients: z.int().min(1).max(1_000_000).default(1_000).describe('Clients that may be registered at once.'),
        maxPerMinute: z.int().min(1).max(10_000).default(20).describe('Registrations taken in any minute.'),
        unusedMs: milliseconds(60_000, 365 * DAY_MS)
          .default(DAY_MS)
          .describe('A client that registered, and that nobody has granted anything, is forgotten after this long.'),
      })
      .prefault({})
      .describe('Clients that register themselves.'),
    clientDocuments: z
      .strictObject({
        enabled: z
          .boolean()
          .default(true)
          .describe('Whether the id of a client may be the https address at which it describes itself.'),
        hosts: z
          .array(
            z.string().regex(/^(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*$/, { error: 'expected a host name in lower case' }),
          )
          .optional()
          .describe('Host names that may stand in such an address, `*.example.com` for all below one. Left out: any.'),
        allowLoopback: z
          .boolean()
          .default(false)
          .describe('Addresses on this machine too, also with http: for development only.'),
      })
      .prefault({})
      .describe('Clients that are known by an address (client ID metadata documents).'),
  })
  .describe("The gateway's own authorization server, for MCP clients. Left out: there is none.");
