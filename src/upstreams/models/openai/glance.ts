/** Reads of an ordinary whole answer what the gateway itself needs, without making a value of all of it. */

import type { ModelReport } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { type ByteMember, scanJsonBytes } from '../../../lib/json-bytes.ts';
import { readStop, usageIn } from './read-usage.ts';

/** Deeper ones are for a reader of all of it. */
const MAX_DEPTH = 64;
/** Of tokens in one answer; what is told beyond is for a reader of all of it to doubt. */
const MAX_TOLD = 1e9;
/** With its quotes, which are escaped wherever a text within the answer has these words. */
const REASON = '"finish_reason"';
const REASON_VALUE = /^\s*:\s*(?:"([^"\\]*)"|null)/;
const MAX_REASON_BYTES = 64;

/**
 * Fills in usage and the reason to stop. False: it is no ordinary answer, or tells no usage, and has to be read; the report is as
 * it was. `bytes`: UTF-8.
 */
export function glance(report: ModelReport, bytes: Buffer): boolean {
  const members = scanJsonBytes(bytes, MAX_DEPTH)?.members;
  if (members === undefined) return false;
  let choices: ByteMember | undefined;
  let told: ByteMember | undefined;
  for (const member of members) {
    if (member.key === 'choices') choices = member;
    else if (member.key === 'usage') told = member;
  }
  if (choices === undefined || told === undefined || bytes[choices.valueStart] !== 0x5b) return false;
  const usage = readTold(bytes.toString('utf8', told.valueStart, told.valueEnd));
  if (usage === undefined || !(usage.inputTokens <= MAX_TOLD && usage.outputTokens <= MAX_TOLD)) return false;
  const at = bytes.lastIndexOf(REASON, choices.valueEnd, 'latin1');
  if (at < choices.valueStart) return false;
  const from = at + REASON.length;
  const reason = REASON_VALUE.exec(bytes.toString('latin1', from, from + MAX_REASON_BYTES));
  if (reason === null) return false;
  report.usage = usage;
  report.stop = readStop(reason[1]);
  return true;
}

function readTold(text: string): ReturnType<typeof usageIn> {
  try {
    const usage: unknown = JSON.parse(text);
    return isObject(usage) ? usageIn({ usage }) : undefined;
  } catch {
    return undefined;
  }
}
