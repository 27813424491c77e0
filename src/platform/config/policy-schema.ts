/** The shape of `policy`: rules on calls, defaults by what a tool is said to do, and what the operator knows better. */

import { z } from 'zod';
import { POLICY_ACTIONS } from '../../contracts/policy.ts';

const action = z.enum(POLICY_ACTIONS);

const targets = z.array(z.string());

export const PolicyRuleEntry = z.strictObject({
  name: z.string().describe('What callers, the audit trail and `policy test` call the rule. Unique.'),
  action: action.describe(
    '`deny` refuses the call, `ask` holds it back until a person has approved it; `allow` overrules the defaults. Of all rules that fit, the strictest decides: deny, then ask, then allow.',
  ),
  keys: z.array(z.string()).optional().describe('Names of keys, `*` for any characters. Left out: every caller.'),
  targets: targets.optional().describe('What is called, as patterns. Left out: everything.'),
  when: z
    .string()
    .optional()
    .describe(
      'A condition in CEL over `caller`, `call`, `server`, `tool`, `request`, `args`, `now`. Left out: always.',
    ),
  message: z.string().optional().describe('Told to the caller with the refusal.'),
});

export const PolicyDefaults = z
  .strictObject({
    readOnly: action.default('allow').describe('Tools marked read-only.'),
    write: action.default('allow').describe('Tools that are marked as neither read-only nor destructive.'),
    destructive: action.default('allow').describe('Tools that may destroy.'),
    unannotated: action.optional().describe('Tools that say nothing of it. Left out: as `destructive`.'),
  })
  .describe('What happens to calls of tools no rule speaks of, by what the tool is said to do.');

export const PolicyAnnotations = z.strictObject({
  targets: targets.describe('Tools, as patterns.'),
  readOnly: z.boolean().optional().describe('It changes nothing.'),
  destructive: z.boolean().optional().describe('It may destroy what is there.'),
  idempotent: z.boolean().optional().describe('Doing it twice is doing it once.'),
  openWorld: z.boolean().optional().describe('It deals with the world outside.'),
});

export const Policy = z
  .strictObject({
    rules: z.array(PolicyRuleEntry).max(1_000).default([]).describe('Rules; their order means nothing.'),
    defaults: PolicyDefaults.optional(),
    annotations: z
      .array(PolicyAnnotations)
      .max(1_000)
      .default([])
      .describe(
        'What tools really do, where their own annotations are missing or wrong; for rules and defaults. Later ones win.',
      ),
  })
  .describe('Rules on calls: what a key may reach, it may still not call just so.');
