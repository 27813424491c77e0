/** What a model is told of a run of a script: its value, what it printed, what went wrong and what had been done by then. */

import type { JsonText } from '../../contracts/json.ts';
import type { ScriptError, TypeDiagnostic } from '../../contracts/sandbox.ts';
import { type Cut, cutJson } from '../results/cut-json.ts';

/** A call of a tool that a script made. */
export interface ScriptCall {
  /** As the script wrote it: `github.list_issues`. */
  readonly tool: string;
  readonly durationMs: number;
  readonly ok: boolean;
}

/** A call that waits for a person. */
export interface WaitingCall {
  readonly tool: string;
  readonly arguments: JsonText;
  readonly approvalId: string;
}

export type ScriptEnd =
  | { readonly type: 'ok'; readonly value: JsonText }
  | {
      readonly type: 'error';
      readonly error: ScriptError;
      readonly sourceLine: string | undefined;
      readonly hint: string | undefined;
    }
  | { readonly type: 'type-error'; readonly diagnostics: readonly TypeDiagnostic[] }
  | { readonly type: 'approval'; readonly executionId: string; readonly waiting: readonly WaitingCall[] };

export interface RunReport {
  readonly end: ScriptEnd;
  readonly printed: string;
  readonly warnings: readonly TypeDiagnostic[];
  readonly calls: readonly ScriptCall[];
  /** Undefined: nothing is kept. */
  readonly sessionId: string | undefined;
  /** The whole value is a variable of the session. */
  readonly keepsValue: boolean;
}

/** Rough, and on the safe side for JSON: tokens are seldom shorter than three bytes. */
export const BYTES_PER_TOKEN = 3.5;
const MAX_ARGUMENT_CHARS = 400;
const MAX_WARNINGS = 3;
const MAX_DIAGNOSTICS = 8;
const MAX_CALLS_TOLD = 12;

/** The value in at most `maxTokens`, and whether anything was left out. */
export function cutValue(value: JsonText, maxTokens: number): { readonly text: string; readonly cuts: readonly Cut[] } {
  const cuts: Cut[] = [];
  return { text: cutJson(value, maxTokens * BYTES_PER_TOKEN, cuts), cuts };
}

/** First and last of a long print: what came first explains, what came last is where it stopped. */
function cutPrint(text: string, maxChars: number): string {
  if (text.length <= maxChars) return text;
  const half = Math.floor(maxChars / 2);
  return `${text.slice(0, half)}\n[${text.length - 2 * half} characters left out]\n${text.slice(-half)}`;
}

/** As plain text, each part on lines of its own; nothing is said of what is as usual. */
export function renderReport(report: RunReport, maxTokens: number): string {
  const { end, calls, sessionId } = report;
  const printed = cutPrint(report.printed.trimEnd(), Math.floor(maxTokens * BYTES_PER_TOKEN));
  const lines: string[] = [];
  if (end.type === 'ok') lines.push(...valueLines(end.value, printed !== '', report, maxTokens));
  if (end.type === 'error') lines.push(...errorLines(end));
  if (end.type === 'type-error') lines.push('Nothing was run:', ...end.diagnostics.slice(0, MAX_DIAGNOSTICS).map(said));
  if (end.type === 'approval') lines.push(...approvalLines(end));
  if (printed !== '') lines.push('Printed:', printed);
  if (end.type === 'error' || end.type === 'approval') {
    lines.push(...report.warnings.slice(0, MAX_WARNINGS).map((warning) => `Warning: ${said(warning)}`));
    if (calls.length > 0) lines.push(`Calls made: ${toldCalls(calls)}`);
  }
  if (sessionId !== undefined) lines.push(`session: ${sessionId}`);
  return lines.join('\n');
}

function valueLines(value: JsonText, hasPrinted: boolean, { keepsValue }: RunReport, maxTokens: number): string[] {
  // A script that prints its answer has none besides.
  if (value === 'null' && hasPrinted) return [];
  const { text, cuts } = cutValue(value, maxTokens);
  if (cuts.length === 0) return [text];
  const where = cuts.slice(0, 3).map(({ path, kept, of }) => `${path === '' ? 'all' : path}: ${kept} of ${of}`);
  const whole = keepsValue ? '; the whole is the variable _ of this session' : '';
  return [text, `(shortened: ${where.join(', ')}${whole})`];
}

function errorLines({ error, sourceLine, hint }: Extract<ScriptEnd, { type: 'error' }>): string[] {
  const at = error.line === undefined ? '' : ` (line ${error.line}${sourceLine ? `: ${sourceLine.trim()}` : ''})`;
  return [`${error.exception}: ${error.message}${at}`, ...(hint === undefined ? [] : [`Hint: ${hint}`])];
}

function approvalLines({ executionId, waiting }: Extract<ScriptEnd, { type: 'approval' }>): string[] {
  const calls = waiting.map(({ tool, arguments: args, approvalId }) => {
    const shown = args.length > MAX_ARGUMENT_CHARS ? `${args.slice(0, MAX_ARGUMENT_CHARS)}…` : args;
    return `- ${tool}(${shown}): approval ${approvalId}`;
  });
  return [
    `A person has to approve ${waiting.length === 1 ? 'a call' : 'calls'} before the script goes on:`,
    ...calls,
    `Once that is decided, call run_code with {"resume": "${executionId}"}; nothing that is done is done again.`,
  ];
}

const said = ({ line, message }: TypeDiagnostic): string => (line === undefined ? message : `line ${line}: ${message}`);

function toldCalls(calls: readonly ScriptCall[]): string {
  const told = calls.slice(-MAX_CALLS_TOLD).map(({ tool, ok }) => `${tool} ${ok ? 'ok' : 'failed'}`);
  const more = calls.length - told.length;
  return `${more > 0 ? `${more} earlier, ` : ''}${told.join(', ')}`;
}
