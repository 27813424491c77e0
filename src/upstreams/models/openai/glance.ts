/** Reads of an ordinary whole answer what the gateway itself needs, without making a value of all of it. */

import type { ModelReport } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { endOfString } from '../../../lib/json-bytes.ts';
import { readStop, usageIn } from './read-usage.ts';

/** Of tokens in one answer; what is told beyond is for a reader of all of it to doubt. */
const MAX_TOLD = 1e9;
/** With its quotes, which are escaped wherever a text within the answer has these words. */
const REASON = '"finish_reason"';
const REASON_VALUE = /^\s*:\s*(?:"([^"\\]*)"|null)/;
const MAX_REASON_BYTES = 64;

const CHOICES = Buffer.from('choices');
const USAGE = Buffer.from('usage');
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Fills in usage and the reason to stop. False: it is no ordinary answer, or tells no usage, and has to be read; the report is as
 * it was. `bytes`: UTF-8. That its brackets match is all that is asked of what is passed on.
 */
export function glance(report: ModelReport, bytes: Buffer): boolean {
  const places = findPlaces(bytes);
  if (places === undefined || bytes[places.choicesStart] !== OPEN_BRACKET || bytes[places.usageStart] !== OPEN_BRACE)
    return false;
  const usage = readTold(bytes.toString('utf8', places.usageStart, places.usageEnd));
  if (usage === undefined || !(usage.inputTokens <= MAX_TOLD && usage.outputTokens <= MAX_TOLD)) return false;
  const at = bytes.lastIndexOf(REASON, places.choicesEnd, 'latin1');
  if (at < places.choicesStart) return false;
  const from = at + REASON.length;
  const reason = REASON_VALUE.exec(bytes.toString('latin1', from, from + MAX_REASON_BYTES));
  if (reason === null) return false;
  report.usage = usage;
  report.stop = readStop(reason[1]);
  return true;
}

/** Where lists and objects begin and end; 0: there is none. */
interface Places {
  choicesStart: number;
  choicesEnd: number;
  usageStart: number;
  usageEnd: number;
}

/** Undefined: it is no object, or one of its brackets or strings has no end. */
function findPlaces(bytes: Buffer): Places | undefined {
  const { length } = bytes;
  const places: Places = { choicesStart: 0, choicesEnd: 0, usageStart: 0, usageEnd: 0 };
  let depth = 0;
  let isKeyNext = false;
  let key: Buffer | undefined;
  for (let i = 0; i < length; i++) {
    const c = bytes[i];
    if (c === QUOTE) {
      const end = endOfString(bytes, i);
      if (end === -1) return undefined;
      if (isKeyNext) {
        isKeyNext = false;
        key = isNamed(bytes, i, end, USAGE) ? USAGE : isNamed(bytes, i, end, CHOICES) ? CHOICES : undefined;
      }
      i = end;
    } else if (c === OPEN_BRACE || c === OPEN_BRACKET) {
      if (depth === 0 && (c !== OPEN_BRACE || places.usageEnd + places.choicesEnd > 0)) return undefined;
      depth++;
      isKeyNext = depth === 1;
      if (depth !== 2 || key === undefined) continue;
      if (key === USAGE) places.usageStart = i;
      else places.choicesStart = i;
    } else if (c === CLOSE_BRACE || c === CLOSE_BRACKET) {
      depth--;
      if (depth < 0) return undefined;
      if (depth !== 1 || key === undefined) continue;
      if (key === USAGE) places.usageEnd = i + 1;
      else places.choicesEnd = i + 1;
    } else if (depth === 1 && c === COMMA) {
      isKeyNext = true;
      key = undefined;
    } else if (depth === 0 && c !== undefined && c > 0x20) return undefined;
  }
  return depth === 0 && places.choicesEnd > 0 && places.usageEnd > 0 ? places : undefined;
}

function isNamed(bytes: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start - 1 !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (bytes[start + 1 + i] !== name[i]) return false;
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
