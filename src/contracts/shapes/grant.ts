/** How people write what may be used, at every level: organisation, team, user, key. */

import { z } from 'zod';
import { TOOL_MODES } from '../models-config.ts';

const patterns = (description: string) => z.array(z.string()).max(1_000).default([]).describe(description);

/** Bounds on what a request to a model may ask for. A request beyond one is refused, never changed. */
export const ParametersShape = z
  .strictObject({
    maxOutputTokens: z
      .int()
      .min(1)
      .max(100_000_000)
      .optional()
      .describe('Most tokens one answer may be allowed; a request has to name a bound of its own, within this one.'),
    maxTemperature: z.number().min(0).max(10).optional().describe('Highest temperature.'),
    maxChoices: z.int().min(1).max(1_000).optional().describe('Most answers to one request.'),
    maxReasoningTokens: z.int().min(0).max(100_000_000).optional().describe('Most tokens for thinking.'),
  })
  .describe(
    'Bounds on parameters of requests to models. A request beyond one is refused, and so are the old completions.',
  );

/** When calls are allowed. */
export const HoursShape = z.strictObject({
  days: z
    .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
    .min(1)
    .optional()
    .describe('Days of the week. Left out: all.'),
  from: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'expected a time of the day, as "08:00"' })
    .describe('Beginning, as `08:00`; inclusive.'),
  to: z
    .string()
    .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, { error: 'expected a time of the day, as "18:00"; "24:00" is its end' })
    .describe('End, as `18:00`; exclusive. Before `from`: on the next day.'),
  timeZone: z.string().default('UTC').describe('Whose clock, e.g. `Europe/Berlin`.'),
});

const agentFields = {
  mode: z
    .enum(['on', 'off'])
    .default('off')
    .describe(
      'Whether the gateway runs the tools itself: `on` whenever its tools go along, `off` where a request asks for it (`x-portcullis-agent: on`).',
    ),
  auto: patterns('Patterns of the tools it may run without asking the caller. Left out: none.'),
  onlyIf: z
    .array(z.enum(['readOnly', 'idempotent', 'notDestructive', 'closedWorld']))
    .max(4)
    .default([])
    .describe("What such a tool must be besides, by its annotations and the operator's overrides; all of them."),
  maxRounds: z.int().min(1).max(1_000).default(10).describe('Most calls of the model in one run.'),
  maxCalls: z.int().min(1).max(10_000).default(50).describe('Most calls of tools in one run.'),
  maxTokens: z.int().min(1).max(1_000_000_000).optional().describe('Most tokens in one run, input and output.'),
  maxCostMicroUsd: z.int().min(1).max(1_000_000_000_000).optional().describe('Most one run may cost, micro-dollars.'),
  maxDurationMs: z
    .int()
    .min(1_000)
    .max(3_600_000)
    .default(600_000)
    .describe('How long one run may take, milliseconds; while it waits for its caller no time passes.'),
};

/** Agent mode of a key: what the gateway itself may do for its models. */
export const AgentShape = z
  .strictObject(agentFields)
  .describe(
    'Agent mode: what the gateway runs for models by itself. Left out: nothing, each call is suggested to the caller.',
  );

/** What a level above bounds it to; what is left out bounds nothing. */
const AgentBoundShape = z
  .strictObject({
    ...agentFields,
    mode: agentFields.mode.default('on'),
    auto: agentFields.auto.default(['*']),
    maxRounds: agentFields.maxRounds.default(1_000),
    maxCalls: agentFields.maxCalls.default(10_000),
    maxDurationMs: agentFields.maxDurationMs.default(3_600_000),
  })
  .describe('Bounds on the agent mode of the keys below. Left out: none.');

const grantFields = {
  allow: patterns('What may be reached, as patterns. Left out: nothing.'),
  deny: patterns('What may not be reached although `allow` says so. Deny wins.'),
  toolsets: z
    .array(z.string())
    .max(1_000)
    .default([])
    .describe(
      'Toolsets whose endpoint may be used with all they hold, whatever `allow` says; `deny` still takes away.',
    ),
  toolMode: z
    .enum(TOOL_MODES)
    .optional()
    .describe('Whether and how requests to models get the tools of the gateway, and how tools are shown at `/mcp`.'),
  execute: z
    .enum(['suggested', 'any'])
    .optional()
    .describe(
      'What `/v1/mcp/tool/execute` carries out: what a model suggested to the key, or `any` call of a tool that it may make. Left out: `suggested`, and at a level above keys nothing is said of it.',
    ),
  providerKeys: z
    .array(z.string())
    .min(1)
    .max(100)
    .optional()
    .describe('Patterns `provider/key`: which keys of providers may be used. Left out: all.'),
  parameters: ParametersShape.optional(),
  networks: z
    .array(z.string())
    .min(1)
    .max(100)
    .optional()
    .describe('Addresses that calls may come from, as `10.0.0.0/8`, `2001:db8::/32`. Left out: anywhere.'),
  hours: z.array(HoursShape).min(1).max(20).optional().describe('When calls may be made. Left out: always.'),
  agent: AgentShape.optional(),
};

/** What a key may do: nothing but what it says. */
export const GrantShape = z.strictObject(grantFields);
export type GrantBody = z.output<typeof GrantShape>;

/** What a level above keys may do. It bounds the keys below and gives them nothing; `allow` left out bounds nothing. */
export const BoundShape = z
  .strictObject({
    ...grantFields,
    allow: patterns('What may be reached at most. Left out: everything.').default(['*']),
    agent: AgentBoundShape.optional(),
  })
  .omit({ toolMode: true, toolsets: true });
export type BoundBody = z.output<typeof BoundShape>;
