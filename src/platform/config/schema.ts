// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** The shape of `portcullis.json`: the one source of validation, of the published JSON Schema and of the reference page. */

import { z } from 'zod';
import { SHOWN_MODES } from '../../contracts/codemode.ts';
import { Admin } from './admin-schema.ts';
import { ApprovalsSection } from './approvals-schema.ts';
import { Audit } from './audit-schema.ts';
import { Authorization } from './authorization-schema.ts';
import { CodeModeSection } from './codemode-schema.ts';
import { Database } from './database-schema.ts';
import { TokenExchange } from './exchange-schema.ts';
import { Key } from './key-schema.ts';
import { Listen } from './listen-schema.ts';
import { Login } from './login-schema.ts';
import { Metrics } from './metrics-schema.ts';
import { Credentials, OAuth, UserHeaders } from './oauth-schema.ts';
import { Organization, Team } from './people-schema.ts';
import { Policy } from './policy-schema.ts';
import { Models, Provider } from './providers-schema.ts';
import { RedisSection } from './redis-schema.ts';
import { DAY_MS, milliseconds, patterns } from './schema-words.ts';
import { Sealing, Secrets } from './secrets-schema.ts';
import { ServerEntry } from './server-schema.ts';
import { Cache, Prices, Results } from './tool-rule-schema.ts';
import { Webhooks } from './webhooks-schema.ts';

const Definitions = z
  .strictObject({
    onFirstSight: z
      .enum(['pin', 'hold'])
      .default('pin')
      .describe(
        'A tool, prompt or instructions never seen before: `pin` puts it in force, `hold` shows it to nobody until it is approved.',
      ),
    onChange: z
      .enum(['flag', 'hold', 'allow'])
      .default('flag')
      .describe(
        'A definition that differs from the one in force: `flag` puts it in force and marks it as changed, unless it turned suspicious, then it is held; `hold` holds every change; `allow` accepts all.',
      ),
    onFindings: z
      .enum(['flag', 'hold'])
      .default('flag')
      .describe(
        'A definition in which something suspicious (medium or high) was found: `flag` shows it all the same, `hold` does not until it is approved.',
      ),
  })
  .describe('What is done about new, changed and suspicious definitions. See the guide.');

export const ServerOptions = z.strictObject({
  enabled: z
    .boolean()
    .optional()
    .describe('`false` keeps the server configured but does not start it. Wins over `disabled` in the entry.'),
  protocol: z
    .enum(['auto', 'legacy', 'modern'])
    .default('auto')
    .describe('Era of MCP to speak: `legacy` (2024-11-05 to 2025-11-25), `modern` (2026-07-28), or find out.'),
  callTimeoutMs: milliseconds(1).default(300_000).describe('Limit for one call.'),
  startTimeoutMs: milliseconds(1)
    .default(120_000)
    .describe('Limit for start and handshake together; generous because npx and uvx may install first.'),
  refreshIntervalMs: milliseconds(1000)
    .default(600_000)
    .describe('Tools, prompts and resources are listed anew this often, even if the server announces no change.'),
  listAskingTools: z
    .boolean()
    .default(false)
    .describe(
      'Some servers of the legacy era list certain tools only for clients that can be asked (elicitation, sampling, roots). `true`: list these too, which takes a second start of the server whenever its tools change; for stdio a short-lived process.',
    ),
  redactArguments: z
    .array(z.string())
    .default([])
    .describe('Arguments whose values never reach the audit trail, as paths: `password`, `user.token`, `*` for all.'),
  limits: z
    .strictObject({
      maxConcurrent: z.int().min(1).max(10_000).describe('Calls the server gets at once.'),
      maxQueued: z
        .int()
        .min(0)
        .max(100_000)
        .default(100)
        .describe('Calls that may wait for one of them to end; one more is refused with `too_many`.'),
      queueTimeoutMs: milliseconds(1)
        .default(30_000)
        .describe('A call that has waited this long is refused with `too_many`. Waiting counts into `callTimeoutMs`.'),
    })
    .optional()
    .describe('Bounds on the calls under way. Left out: none.'),
  circuitBreaker: z
    .strictObject({
      failures: z
        .int()
        .min(1)
        .max(1000)
        .default(5)
        .describe(
          'So many calls in a row that time out, lose the server or get no valid answer open it. Errors a tool reports, JSON-RPC errors and cancelled calls do not count.',
        ),
      openMs: milliseconds(100)
        .default(30_000)
        .describe(
          'Calls are refused with `upstream_unavailable` this long; then one call tries, and closes it if it is answered.',
        ),
    })
    .optional()
    .describe(
      'Stops calling a server that keeps failing; `{}` takes the defaults. Left out: it is called all the same.',
    ),
  credentials: Credentials,
  userHeaders: UserHeaders,
  oauth: OAuth.optional(),
  tokenExchange: TokenExchange.optional(),
  definitions: Definitions.optional(),
});

const entryOf = (kind: 'tool' | 'prompt' | 'resource') => ({
  name: z
    .string()
    .optional()
    .describe(
      kind === 'resource'
        ? 'Its name here, for people; it is read by its URI.'
        : `Its name here: letters, digits, \`_\` and \`-\`, no digit or \`-\` in front, at most 64. Left out: \`server__${kind}\`, as on \`/mcp\`.`,
    ),
  title: z.string().optional().describe('Its title here, for people.'),
  description: z.string().optional().describe('Its description here, in place of the one the server gives.'),
});

export const ToolsetTool = z.strictObject({
  tool: z.string().describe('One tool: `server/name`.'),
  ...entryOf('tool'),
});
export const ToolsetPrompt = z.strictObject({
  prompt: z.string().describe('One prompt: `server/name`.'),
  ...entryOf('prompt'),
});
export const ToolsetResource = z.strictObject({
  resource: z.string().describe('One resource or template: `server/uri`.'),
  ...entryOf('resource'),
});

const entries = <T extends z.ZodType>(entry: T, description: string) =>
  z
    .array(z.union([z.string(), entry]))
    .default([])
    .describe(description);

export const Toolset = z.strictObject({
  description: z.string().optional().describe('What it is for. The first line of the instructions clients get.'),
  instructions: z
    .string()
    .optional()
    .describe("Instructions to the model, in place of those of the toolset's servers."),
  mode: z
    .enum(SHOWN_MODES)
    .optional()
    .describe('How its tools are shown. Left out: as the key, or `codeMode.mode`, says.'),
  tools: entries(
    ToolsetTool,
    'Its tools, in this order: `server/name`, `server/*`, or `{ "tool": "server/name", "name": …, "title": …, "description": … }`.',
  ),
  prompts: entries(ToolsetPrompt, 'Its prompts, in the same way.'),
  resources: entries(ToolsetResource, 'Its resources and templates, in the same way: `server/uri`.'),
});

export const Anonymous = z
  .strictObject({
    allow: patterns('What callers without any credential may reach, as patterns.'),
    deny: patterns('What they may not reach although `allow` says so. Deny wins.'),
  })
  .describe(
    'What callers without any credential may reach. Left out: nothing, they are answered 401. Refused unless `listen.host` is a loopback address.',
  );

export const Limits = z
  .strictObject({
    maxBodyBytes: z
      .int()
      .min(1024)
      .max(1_073_741_824)
      .default(33_554_432)
      .describe('Largest request body accepted; prompts with images are large.'),
    maxJsonDepth: z.int().min(8).max(10_000).default(128).describe('Deepest nesting of JSON accepted.'),
    maxMessageBytes: z
      .int()
      .min(1024)
      .max(1_073_741_824)
      .default(16_777_216)
      .describe('Largest single message accepted from a server.'),
    maxSessions: z.int().min(1).max(1_000_000).default(10_000).describe('Client sessions open at once.'),
    sessionIdleMs: milliseconds(1000, 30 * DAY_MS)
      .default(1_800_000)
      .describe('A client session unused for this long is ended.'),
    pageItems: z.int().min(1).max(100_000).default(1000).describe('Items on one page of a list.'),
    maxToolsPerServer: z
      .int()
      .min(1)
      .max(1_000_000)
      .default(10_000)
      .describe('Tools taken from one server; the rest is left out.'),
    questionTimeoutMs: milliseconds(1000, DAY_MS)
      .default(600_000)
      .describe('A client that was asked something in mid-call has this long to answer.'),
    maxParkedCalls: z
      .int()
      .min(1)
      .max(100_000)
      .default(1000)
      .describe('Calls to servers up to 2025-11-25 that wait for the answer of a client of 2026-07-28.'),
    maxParkedCallsPerKey: z.int().min(1).max(100_000).default(50).describe('The same for one key.'),
    onStoreLoss: z
      .enum(['refuse', 'allow'])
      .default('refuse')
      .describe(
        'When the store where replicas count limits together, or the ledger, cannot be reached: `refuse` calls that have any limit (`limits_unavailable`), or `allow` them, counted by each replica for itself.',
      ),
  })
  .describe('Bounds that keep one caller or one server from hurting the others.');

export const LogSection = z
  .strictObject({
    level: z.enum(['debug', 'info', 'warn', 'error']).default('info').describe('Least severe line written.'),
  })
  .describe("The operator's log, on standard error.");

const servers = (description: string) => z.record(z.string(), ServerEntry).optional().describe(description);
const inputs = z.unknown().optional().describe('Accepted without effect: VS Code asks its user for these values.');

export const ConfigFile = z
  .strictObject({
    $schema: z.string().optional().describe('Address of this schema, for completion in editors.'),
    mcpServers: servers('The MCP servers behind the gateway, by name, as other MCP clients write them.'),
    serverOptions: z
      .record(z.string(), ServerOptions)
      .optional()
      .describe('Our own settings of a server, by the name it has in `mcpServers`.'),
    keys: z
      .array(Key)
      .optional()
      .describe('Keys that callers present, besides those made with `portcullis keys create`.'),
    organizations: z
      .record(z.string(), Organization)
      .optional()
      .describe('Organisations by name: bounds, limits and labels of all below them.'),
    teams: z
      .record(z.string(), Team)
      .optional()
      .describe('Teams by name: bounds, limits and labels of the keys that count for them.'),
    toolsets: z
      .record(z.string(), Toolset)
      .optional()
      .describe('Bundles of tools, prompts and resources of several servers, by name, each at `/mcp/t/{name}`.'),
    results: Results.optional(),
    cache: Cache.optional(),
    prices: Prices.optional(),
    anonymous: Anonymous.optional(),
    policy: Policy.optional(),
    providers: z
      .record(z.string(), Provider)
      .optional()
      .describe('Providers of models, by the name that stands before the slash in `provider/model`.'),
    models: Models.optional(),
    listen: Listen.optional(),
    limits: Limits.optional(),
    audit: Audit.optional(),
    database: Database.optional(),
    redis: RedisSection.optional(),
    log: LogSection.optional(),
    metrics: Metrics.optional(),
    admin: Admin.optional(),
    secrets: Secrets.optional(),
    sealing: Sealing.optional(),
    approvals: ApprovalsSection.optional(),
    codeMode: CodeModeSection.optional(),
    webhooks: Webhooks.optional(),
    login: Login.optional(),
    authorization: Authorization.optional(),
    servers: servers('The same as `mcpServers`, as VS Code writes it in `mcp.json`.'),
    mcp: z
      .strictObject({ servers: servers('The same as `mcpServers`.'), inputs })
      .optional()
      .describe('The same as `mcpServers`, as VS Code writes it in `settings.json`.'),
    inputs,
  })
  .meta({
    title: 'Portcullis configuration',
    description: 'The file `portcullis.json`. Comments and trailing commas are allowed.',
  });
