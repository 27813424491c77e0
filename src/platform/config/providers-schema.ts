// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** The shape of the sections about models: `providers` and `models`. */

import { z } from 'zod';
import { PROVIDER_TYPES, TOOL_MODES } from '../../contracts/models-config.ts';
import { milliseconds } from './schema-words.ts';

const ProviderKeyEntry = z.strictObject({
  name: z.string().optional().describe('Stands in records. Left out: `key1`, `key2`, … in this order.'),
  value: z.string().describe('The key itself, best as a reference: `${env:NAME}`. Never printed.'),
  weight: z.number().min(0).max(1_000_000).default(1).describe('Share of the calls relative to the other keys.'),
  models: z.array(z.string()).default(['*']).describe("Patterns of the provider's own model names it may be used for."),
});

export const Provider = z.strictObject({
  type: z
    .enum(PROVIDER_TYPES)
    .optional()
    .describe(
      'The wire it speaks; `openai` for everything compatible. Left out: as the name says, where it is a known vendor.',
    ),
  enabled: z.boolean().default(true).describe('`false` keeps it configured, but no call goes there.'),
  baseUrl: z
    .string()
    .optional()
    .describe('Where its API is, version included for `openai`. Left out: where the vendor has it.'),
  apiKey: z.string().optional().describe('Its key, where there is one; `keys` for several. Best as a reference.'),
  keys: z.array(ProviderKeyEntry).default([]).describe('Several keys: calls are shared among them by weight.'),
  headers: z.record(z.string(), z.string()).default({}).describe('Sent with every request.'),
  models: z
    .array(z.string())
    .default([])
    .describe(
      'Own names of its models, with `*`. Names without one are listed to clients; bare names that clients ask for are looked up here. Left out: any name is passed on.',
    ),
  apiVersion: z.string().optional().describe('Azure: `api-version`. Left out: the v1 surface, which needs none.'),
  region: z.string().optional().describe('Bedrock: the AWS region.'),
  accessKeyId: z.string().optional().describe('Bedrock: AWS access key. Without one, `apiKey` is a Bedrock API key.'),
  secretAccessKey: z.string().optional().describe('Bedrock: its secret.'),
  sessionToken: z.string().optional().describe('Bedrock: session token of temporary credentials.'),
  project: z.string().optional().describe('Vertex: Google Cloud project.'),
  location: z.string().optional().describe('Vertex: location, `global` or a region.'),
  serviceAccount: z
    .string()
    .optional()
    .describe("Vertex: text of a service account's JSON key. Without one, `apiKey` is an access token."),
  refuses: z
    .array(z.string())
    .default([])
    .describe('Members of requests that it does not take: left out, and reported in `x-portcullis-dropped`.'),
  renames: z.record(z.string(), z.string()).default({}).describe('Members that have another name there.'),
  timeoutMs: milliseconds(1).default(600_000).describe('Limit for one call, all tries at this provider together.'),
  firstByteTimeoutMs: milliseconds(1).default(120_000).describe('Limit until an answer begins.'),
  idleTimeoutMs: milliseconds(1).default(120_000).describe('Limit between two pieces of an answer.'),
  maxRetries: z
    .int()
    .min(0)
    .max(20)
    .default(2)
    .describe('Further tries at this provider after a failure that may pass, before the next target.'),
  maxAnswerBytes: z
    .int()
    .min(1024)
    .max(1_073_741_824)
    .default(67_108_864)
    .describe('Largest answer accepted in one piece.'),
  circuitBreaker: z
    .strictObject({
      failures: z.int().min(1).max(1000).default(5).describe('So many failures of a model in a row open it.'),
      openMs: milliseconds(100)
        .default(30_000)
        .describe('So long a model that failed so is passed over; then one call tries.'),
    })
    .prefault({})
    .describe('Stops asking a provider that keeps failing.'),
});

const TargetEntry = z.union([
  z.string(),
  z.strictObject({
    target: z.string().describe('`provider/model`.'),
    weight: z.number().min(0).max(1_000_000).default(1).describe('Share of the calls relative to the others.'),
  }),
]);
const targets = (description: string) => z.array(TargetEntry).default([]).describe(description);

export const Alias = z.union([
  z.string(),
  z.array(TargetEntry),
  z.strictObject({
    targets: targets('Where calls go, by weight and health.'),
    fallbacks: targets('Tried in order once all targets failed.'),
  }),
]);

export const Route = z.strictObject({
  name: z.string().describe('Stands in records.'),
  when: z
    .string()
    .describe(
      'Condition (CEL) over `key`, `model`, `headers`, `request`. The first rule that holds decides; one without an answer does not hold.',
    ),
  targets: targets('Where calls go, by weight and health.'),
  fallbacks: targets('Tried in order once all targets failed.'),
});

const usdPerMillion = z.number().min(0).max(1_000_000);
export const Price = z.strictObject({
  inputUsdPerMillion: usdPerMillion.describe('US dollars for a million tokens of input.'),
  outputUsdPerMillion: usdPerMillion.describe('The same for output, reasoning included.'),
  cachedUsdPerMillion: usdPerMillion.optional().describe("Input read from the provider's cache. Left out: as input."),
  cacheWriteUsdPerMillion: usdPerMillion.optional().describe('Input written to it. Left out: as input.'),
  cacheWrite1hUsdPerMillion: usdPerMillion
    .optional()
    .describe('Written for an hour. Left out: as `cacheWriteUsdPerMillion`.'),
  perCallMicroUsd: z
    .int()
    .min(0)
    .max(1_000_000_000)
    .default(0)
    .describe('For each call besides, in millionths of a dollar.'),
});

/** Of one key. */
export const KeyToolMode = z
  .enum(TOOL_MODES)
  .optional()
  .describe(
    "Whether and how its requests to models get the gateway's tools: `classic` shows all it may use, `search` two tools that find and call them, `code` two that find them and run scripts, `auto` whichever is shorter, `off` none, whatever a request says; all but `off` also say how tools are shown at `/mcp`. Left out: as `models.toolMode` and `codeMode.mode`.",
  );

export const Models = z
  .strictObject({
    aliases: z
      .record(z.string(), Alias)
      .default({})
      .describe(
        'Names of yours for models: `fast`, or `claude-*`, where `*` in the target stands for what it matched.',
      ),
    fallbacks: z
      .record(z.string(), z.array(TargetEntry))
      .default({})
      .describe('What is tried after a model that failed, by pattern over `provider/model`.'),
    routes: z.array(Route).default([]).describe('Rules that send calls elsewhere; they go before aliases.'),
    prices: z
      .record(z.string(), Price)
      .default({})
      .describe('Prices by pattern over `provider/model`, before those of the catalogue; the first that fits counts.'),
    toolMode: z
      .enum(TOOL_MODES)
      .default('off')
      .describe(
        "Whether and how the gateway's tools are added to chats: `off` only where a request names some; `classic` shows all the caller may use, `search` two tools that find and call them, `code` two that find them and run scripts, `auto` whichever is shorter.",
      ),
    usageHeaders: z.boolean().default(true).describe('Tell tokens and cost in headers of answers.'),
  })
  .describe('How calls of models are routed and priced.');
