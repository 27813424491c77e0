/** Section `codeMode` of the file. */

import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { CODE_MODE, SHOWN_MODES } from '../../contracts/codemode.ts';

const { limits } = CODE_MODE;
const DAY_MS = 86_400_000;
const MIB = 1_048_576;
const GIB = 1_024 * MIB;

const whole = (least: number, most: number, fallback: number, description: string) =>
  z.int().min(least).max(most).default(fallback).describe(description);

const Limits = z
  .strictObject({
    maxSourceBytes: whole(256, 4 * MIB, limits.maxSourceBytes, 'Of a script.'),
    maxInterpreterMs: whole(50, 600_000, limits.maxInterpreterMs, 'Time in which the interpreter itself works.'),
    maxWallMs: whole(
      100,
      3_600_000,
      limits.maxWallMs,
      'From start to end, with all calls of tools; waiting for a person does not count.',
    ),
    maxMemoryBytes: whole(8 * MIB, 4 * GIB, limits.maxMemoryBytes, "Of the interpreter's heap."),
    maxRecursionDepth: whole(16, 10_000, limits.maxRecursionDepth, 'Of calls within a script.'),
    maxCalls: whole(1, 10_000, limits.maxCalls, 'Calls of tools in one run.'),
    maxParallelCalls: whole(1, 256, limits.maxParallelCalls, 'Calls of tools under way at once; further ones wait.'),
    maxPrintBytes: whole(1_024, 64 * MIB, limits.maxPrintBytes, 'What a script prints; more ends it.'),
    maxAnswerBytes: whole(1_024, 64 * MIB, limits.maxAnswerBytes, 'One answer of a tool.'),
    maxValueBytes: whole(1_024, 64 * MIB, limits.maxValueBytes, 'What a script returns.'),
    maxDumpBytes: whole(1_024, 16 * MIB, limits.maxDumpBytes, 'What is kept of variables, or of a script that waits.'),
  })
  .default(limits)
  .describe('What one run may use.');

export const CodeModeSection = z
  .strictObject({
    mode: z
      .enum(SHOWN_MODES)
      .default(CODE_MODE.mode)
      .describe(
        'How tools are shown at `/mcp`: `classic` all of them; `search` two tools that find and call them; `code` two tools that find them and run scripts; `auto` classic while the definitions are few. A request (`x-portcullis-tool-mode`), a toolset and a key go before it, in this order.',
      ),
    autoTokens: whole(
      0,
      1_000_000,
      CODE_MODE.autoTokens,
      'Up to so many tokens of definitions, as estimated, `auto` is `classic`.',
    ),
    pinned: z
      .array(z.string())
      .max(1_000)
      .default([])
      .describe('Tools that are shown in every mode: patterns as in a key.'),
    dialect: z
      .enum(['python', 'javascript'])
      .optional()
      .describe(
        'Language of scripts. Left out: Python, or JavaScript where no Python engine is installed for the platform.',
      ),
    worker: z
      .string()
      .refine(isAbsolute, 'must be an absolute path')
      .optional()
      .describe("The Python engine's worker. Left out: that of the installed package."),
    outer: z
      .enum(['auto', 'none', 'bwrap'])
      .default(CODE_MODE.outer)
      .describe('Whether workers run in bubblewrap: `auto` where it is installed and works.'),
    maxWorkers: z
      .int()
      .min(1)
      .max(1_024)
      .optional()
      .describe('Scripts at once. Left out: eight for each core, at most 64.'),
    warmWorkers: whole(0, 64, CODE_MODE.warmWorkers, 'Workers that are started beforehand, once one was used.'),
    limits: Limits,
    maxResultTokens: whole(
      50,
      100_000,
      CODE_MODE.maxResultTokens,
      "Of a script's answer as the model sees it, estimated.",
    ),
    keepSessionsMs: whole(
      0,
      30 * DAY_MS,
      CODE_MODE.keepSessionsMs,
      'How long variables are kept after the last run; 0: not at all.',
    ),
    keepSuspendedMs: whole(1_000, 30 * DAY_MS, CODE_MODE.keepSuspendedMs, 'How long a script waits for approvals.'),
    learnShapes: z
      .boolean()
      .default(CODE_MODE.learnShapes)
      .describe(
        'Whether keys and types of results are learnt where a tool declares none; each organisation sees its own.',
      ),
    check: z
      .boolean()
      .default(CODE_MODE.check)
      .describe('Whether calls of tools are checked against their schemas before a script runs.'),
  })
  .describe('Search and scripts in place of lists of tools.');
