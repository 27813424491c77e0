/** A value of the interpreter as JSON text: what JSON has no word for is written as near as possible. */

import type { JsonText } from '../../../contracts/json.ts';
import { lastField, ProtocolError, readFields, unzigzag } from './protobuf.ts';

const MAX_DEPTH = 200;

/** Longer than was allowed. */
export class ValueTooLargeError extends Error {
  override readonly name = 'ValueTooLargeError';
}

/**
 * Tuples and sets become lists, bytes base64, dates and times ISO 8601, a duration its seconds, objects their attributes, a number
 * that is none `null`, everything else its name. Keys that are no text are written as Python prints them. Throws ProtocolError,
 * ValueTooLargeError.
 */
export function readJsonValue(bytes: Buffer, maxChars: number): JsonText {
  let left = maxChars;
  const spend = (text: string): string => {
    left -= text.length;
    if (left < 0) throw new ValueTooLargeError();
    return text;
  };

  const list = (of: Buffer, depth: number, field = 1): JsonText => {
    const items: string[] = [];
    for (const each of readFields(of)) if (each.field === field) items.push(value(each.bytes, depth + 1));
    return spend(`[${items.join(',')}]`);
  };
  const dict = (of: Buffer, depth: number): JsonText => {
    const members: string[] = [];
    for (const pair of readFields(of)) {
      if (pair.field !== 1) continue;
      const key = keyOf(value(lastField(pair.bytes, 1)?.bytes ?? Buffer.alloc(0), depth + 1));
      members.push(`${key}:${value(lastField(pair.bytes, 2)?.bytes ?? Buffer.alloc(0), depth + 1)}`);
    }
    return spend(`{${members.join(',')}}`);
  };
  const namedTuple = (of: Buffer, depth: number): JsonText => {
    const names: string[] = [];
    const values: string[] = [];
    for (const each of readFields(of)) {
      if (each.field === 2) names.push(each.bytes.toString());
      if (each.field === 3) values.push(value(each.bytes, depth + 1));
    }
    return spend(`{${names.map((name, i) => `${JSON.stringify(name)}:${values[i] ?? 'null'}`).join(',')}}`);
  };
  const textOf = (of: Buffer, field: number): string => lastField(of, field)?.bytes.toString() ?? '';

  function value(of: Buffer, depth: number): JsonText {
    if (depth > MAX_DEPTH) throw new ProtocolError('a value that is too deep');
    let kind = 0;
    let found: { readonly value: bigint; readonly bytes: Buffer } | undefined;
    for (const each of readFields(of)) {
      kind = each.field;
      found = each;
    }
    if (found === undefined) return 'null';
    const inner = found.bytes;
    switch (kind) {
      case 4:
        return spend(found.value === 0n ? 'false' : 'true');
      case 5:
        return spend(unzigzag(found.value).toString());
      case 6: {
        const digits = lastField(inner, 2)?.bytes.toString('hex') ?? '';
        const size = BigInt(`0x${digits === '' ? '0' : digits}`);
        return spend((lastField(inner, 1)?.value === 1n ? -size : size).toString());
      }
      case 7:
        return spend(floatText(inner.readDoubleLE(0)));
      case 8:
      case 26:
      case 27:
      case 29:
        return spend(JSON.stringify(inner.toString()));
      case 9:
        return spend(JSON.stringify(inner.toString('base64')));
      case 11:
      case 12:
      case 15:
      case 16:
        return list(inner, depth);
      case 13:
        return namedTuple(inner, depth);
      case 14:
        return dict(inner, depth);
      case 17:
        return spend(JSON.stringify(dateText(inner)));
      case 19:
        return spend(JSON.stringify(`${dateText(inner)}T${timeText(inner, 4)}`));
      case 18:
        return spend(JSON.stringify(timeText(inner, 1)));
      case 20:
        return spend(String(durationSeconds(inner)));
      case 22: {
        const message = textOf(inner, 2);
        return spend(JSON.stringify(message === '' ? textOf(inner, 1) : `${textOf(inner, 1)}: ${message}`));
      }
      case 23:
        return spend(JSON.stringify(textOf(inner, 1)));
      case 24:
        return dict(lastField(inner, 3)?.bytes ?? Buffer.alloc(0), depth);
      case 25:
        return spend(JSON.stringify(textOf(inner, 1)));
      case 30:
        return spend(JSON.stringify(textOf(inner, 2) || '...'));
      default:
        return 'null';
    }
  }
  return value(bytes, 0);
}

/** As Python writes it, so that a whole number stays one with a fraction. */
function floatText(value: number): string {
  if (!Number.isFinite(value)) return 'null';
  return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${Object.is(value, -0) ? '-0' : value}.0` : String(value);
}

function keyOf(json: JsonText): JsonText {
  if (json.startsWith('"')) return json;
  const names: { readonly [word: string]: string } = { true: 'True', false: 'False', null: 'None' };
  return JSON.stringify(names[json] ?? json);
}

const pad = (value: bigint, digits: number): string => value.toString().padStart(digits, '0');

function numberAt(of: Buffer, field: number): bigint {
  const found = lastField(of, field);
  return found === undefined ? 0n : BigInt.asIntN(64, found.value);
}

function dateText(of: Buffer): string {
  return `${pad(numberAt(of, 1), 4)}-${pad(numberAt(of, 2), 2)}-${pad(numberAt(of, 3), 2)}`;
}

/** `from`: field of the hour; the offset stands four after it. */
function timeText(of: Buffer, from: 1 | 4): string {
  const [hour, minute, second, micro] = [0, 1, 2, 3].map((i) => numberAt(of, from + i));
  const clock = `${pad(hour ?? 0n, 2)}:${pad(minute ?? 0n, 2)}:${pad(second ?? 0n, 2)}`;
  const fraction = micro === undefined || micro === 0n ? '' : `.${pad(micro, 6)}`;
  const offset = lastField(of, from + 4);
  return clock + fraction + (offset === undefined ? '' : offsetText(Number(BigInt.asIntN(32, offset.value))));
}

function offsetText(seconds: number): string {
  const size = Math.abs(seconds);
  const part = (value: number): string => Math.floor(value).toString().padStart(2, '0');
  return `${seconds < 0 ? '-' : '+'}${part(size / 3600)}:${part((size % 3600) / 60)}`;
}

function durationSeconds(of: Buffer): number {
  const whole = (field: number): number => Number(BigInt.asIntN(32, lastField(of, field)?.value ?? 0n));
  return whole(1) * 86_400 + whole(2) + whole(3) / 1_000_000;
}
