/**
 * The shape of an entry of `mcpServers`: what Claude Desktop, Claude Code, Cursor, VS Code, Windsurf, Cline, Roo Code and
 * Gemini CLI write there. Types only; what the fields mean together is judged in `read-transport`.
 */

import { z } from 'zod';

/** Spellings of transport types in the wild, and what they are to us. */
export const TRANSPORT_TYPES = {
  stdio: 'stdio',
  local: 'stdio',
  http: 'http',
  'streamable-http': 'http',
  streamableHttp: 'http',
  sse: 'sse',
  'in-process': 'in-process',
  openapi: 'openapi',
  folder: 'folder',
} as const;

type TransportSpelling = keyof typeof TRANSPORT_TYPES;

/** Fields other programs read and we do not: accepted, so that a pasted block works, with a warning that says what instead. */
export const WITHOUT_EFFECT: { readonly [field: string]: { readonly meaning: string; readonly instead: string } } = {
  timeout: {
    meaning: 'a time limit, in seconds for Cline but milliseconds for Gemini CLI and Claude Code',
    instead: 'set "callTimeoutMs" in serverOptions',
  },
  disabledTools: { meaning: 'tools to hide (Windsurf, Roo Code)', instead: 'deny the tools in each key' },
  excludeTools: { meaning: 'tools to hide (Gemini CLI)', instead: 'deny the tools in each key' },
  includeTools: { meaning: 'the only tools to show (Gemini CLI)', instead: 'allow only these tools in each key' },
  tools: { meaning: 'the only tools to show (Copilot)', instead: 'allow only these tools in each key' },
  autoApprove: { meaning: 'tools the client runs without asking (Cline)', instead: 'leave it in the client' },
  alwaysAllow: { meaning: 'tools the client runs without asking (Roo Code)', instead: 'leave it in the client' },
  trust: { meaning: 'run every tool without asking (Gemini CLI)', instead: 'leave it in the client' },
  oauth: { meaning: 'sign-in settings (Claude Code, Gemini CLI)', instead: 'set "oauth" in serverOptions' },
  auth: { meaning: 'sign-in settings (Cursor)', instead: 'set "oauth" in serverOptions' },
  authProviderType: { meaning: 'sign-in settings (Gemini CLI)', instead: 'put the credential into "headers"' },
  targetAudience: { meaning: 'sign-in settings (Gemini CLI)', instead: 'put the credential into "headers"' },
  targetServiceAccount: { meaning: 'sign-in settings (Gemini CLI)', instead: 'put the credential into "headers"' },
  headersHelper: {
    meaning: 'a command that prints headers (Claude Code)',
    instead: 'put the credential into "headers"',
  },
  sandboxEnabled: { meaning: 'run in a sandbox (VS Code)', instead: 'start the server through a sandbox of your own' },
  sandbox: { meaning: 'rules of a sandbox (VS Code)', instead: 'start the server through a sandbox of your own' },
  dev: { meaning: 'restart while developing (VS Code)', instead: 'leave it out' },
  watchPaths: { meaning: 'restart when files change (Roo Code)', instead: 'leave it out' },
  alwaysLoad: { meaning: 'do not defer its tools (Claude Code)', instead: 'leave it in the client' },
  gallery: { meaning: 'where the entry came from (VS Code)', instead: 'leave it out' },
  version: { meaning: 'which version was installed (VS Code)', instead: 'leave it out' },
  description: { meaning: 'a remark for people', instead: 'write a comment: // …' },
};

const ignored = Object.fromEntries(
  Object.entries(WITHOUT_EFFECT).map(([field, { meaning }]) => [
    field,
    z.unknown().optional().describe(`Accepted without effect: ${meaning}.`),
  ]),
);

const effective = z.strictObject({
  type: z
    .enum(Object.keys(TRANSPORT_TYPES) as [TransportSpelling, ...TransportSpelling[]])
    .optional()
    .describe(
      'How to reach the server. Left out: `stdio` where there is a `command`, `http` where there is a `url`. `local` is `stdio`; `streamable-http` and `streamableHttp` are `http`; `in-process` is served by a module of the gateway itself; `openapi` makes a tool of each operation in an OpenAPI document; `folder` hosts the tools written in `folder`.',
    ),
  command: z.string().optional().describe('Program to start, found through PATH and started without a shell.'),
  args: z.array(z.string()).optional().describe('Arguments of the program, one item each.'),
  env: z
    .record(z.string(), z.union([z.string(), z.number(), z.null()], { error: 'expected a string' }))
    .optional()
    .describe(
      'Environment of the program. It gets these and a few harmless ones (PATH, HOME, …), never the whole environment of the gateway. Never printed. `null` leaves a variable of `envFile` out.',
    ),
  envFile: z
    .string()
    .optional()
    .describe(
      'A file with `NAME=value` lines for the environment, relative to the folder of this file. `env` wins over it. Read when the configuration is loaded; an edit of it alone is not noticed.',
    ),
  cwd: z
    .string()
    .optional()
    .describe(
      'Folder to start the program in, relative to the folder of this file. Left out: where the gateway was started.',
    ),
  url: z
    .string()
    .optional()
    .describe(
      'Address of a remote server, http or https. Credentials belong into `headers`. Without a `type`, streamable HTTP is tried first, then the older HTTP+SSE.',
    ),
  serverUrl: z.string().optional().describe('The same as `url`, as Windsurf writes it.'),
  httpUrl: z.string().optional().describe('The same as `url` with type `http`, as Gemini CLI writes it.'),
  headers: z
    .record(z.string(), z.string())
    .optional()
    .describe('HTTP headers sent with every request, e.g. `Authorization`. Never printed.'),
  document: z
    .string()
    .optional()
    .describe(
      'For type `openapi`: the OpenAPI 3.0 or 3.1 document, JSON or YAML. A file, relative to the folder of this file, or an http(s) address. Read anew as often as `refreshIntervalMs` says, a file also when it changes.',
    ),
  baseUrl: z
    .string()
    .optional()
    .describe(
      'For type `openapi`: where the API is; no other origin is ever called. Left out: the first of `servers` in the document. Needed where a credential is to go elsewhere than the document came from.',
    ),
  operations: z
    .strictObject({
      include: z.array(z.string()).default([]).describe('The only operations to offer. Left out: all.'),
      exclude: z.array(z.string()).default([]).describe('Operations to leave out. Wins over `include`.'),
    })
    .optional()
    .describe(
      'For type `openapi`: which operations become tools (`include`, `exclude`), as patterns with `*`: an `operationId`, `tag:NAME`, `/path` or `METHOD /path`.',
    ),
  maxResponseBytes: z
    .int()
    .min(1024)
    .max(1_073_741_824)
    .optional()
    .describe(
      'For type `openapi`: how much of an answer is taken, in bytes; the rest is cut off. Left out: 1,048,576.',
    ),
  module: z.string().optional().describe('Name of the module that serves it, for type `in-process`.'),
  folder: z
    .string()
    .optional()
    .describe(
      'Folder of files that each export a tool, relative to the folder of this file, for type `folder`. They run as code of yours, with `env` and `envFile`, and are loaded anew when they change.',
    ),
  maxMemoryMb: z
    .int()
    .min(32)
    .max(65_536)
    .optional()
    .describe(
      'For type `folder`: heap of the process the tools run in, in MiB; beyond it the process ends. Default 512.',
    ),
  maxBlockMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .optional()
    .describe(
      'For type `folder`: a tool that keeps its process from doing anything else for longer (an endless loop) has the process ended and started anew. Default 10000.',
    ),
  disabled: z.boolean().optional().describe('`true` keeps the entry but does not start the server.'),
  enabled: z.boolean().optional().describe('`false` keeps the entry but does not start the server.'),
});

/** How the calls of an OpenAPI server sign in. Another program's `auth` is accepted on other servers, so it is read apart. */
export const OpenApiAuthEntry = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('bearer'), token: z.string() }),
  z.strictObject({ type: z.literal('basic'), username: z.string(), password: z.string() }),
  z.strictObject({ type: z.enum(['header', 'query', 'cookie']), name: z.string(), value: z.string() }),
]);

/** The fields of an entry that do something here. */
export const EFFECTIVE_FIELDS: readonly string[] = Object.keys(effective.shape);

/** One entry, fields without effect included. */
export const ServerEntry = effective
  .extend(ignored)
  .extend({
    auth: z
      .unknown()
      .optional()
      .describe(
        'For type `openapi`: how calls sign in: `{ "type": "bearer", "token" }`, `{ "type": "basic", "username", "password" }`, or `{ "type": "header", "name", "value" }`, where `query` and `cookie` stand for `header` too. Never printed. Elsewhere without effect.',
      ),
  })
  .meta({ id: 'server', title: 'An MCP server', description: 'One entry, as other MCP clients write it.' });

export type ServerEntryValue = z.output<typeof effective>;
