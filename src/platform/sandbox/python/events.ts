/** What the worker says. Source: the schema of `monty subprocess`, protocol version 2. */

import { lastField, ProtocolError, readFields } from './protobuf.ts';

export interface RaisedException {
  readonly exception: string;
  readonly message: string;
  readonly frames: readonly { readonly line: number; readonly name: string | undefined; readonly source: string }[];
}

export type WorkerEvent =
  | { readonly type: 'print'; readonly text: string }
  | {
      readonly type: 'call';
      readonly callId: number;
      readonly name: string;
      readonly args: readonly Buffer[];
      readonly named: readonly { readonly key: Buffer; readonly value: Buffer }[];
      readonly objectId: Buffer | undefined;
    }
  | { readonly type: 'os-call'; readonly callId: number; readonly ask: OsAsk }
  | { readonly type: 'name'; readonly name: string; readonly objectId: Buffer | undefined }
  | { readonly type: 'futures'; readonly pending: readonly number[] }
  | { readonly type: 'complete'; readonly value: Buffer }
  | { readonly type: 'error'; readonly raised: RaisedException }
  | { readonly type: 'type-errors'; readonly diagnostics: string }
  | { readonly type: 'dump'; readonly state: Buffer }
  | { readonly type: 'ok' }
  | { readonly type: 'fatal'; readonly message: string };

/** What a script asks of its platform; only the time is answered. */
export type OsAsk =
  | { readonly type: 'now'; readonly offsetSeconds: number | undefined }
  | { readonly type: 'today' }
  | { readonly type: 'other' };

const MAX_ITEMS = 100_000;
const EMPTY = Buffer.alloc(0);

/** Throws ProtocolError. */
export function readEvent(frame: Buffer): WorkerEvent {
  for (const { field, wire, bytes } of readFields(frame)) {
    if (field > 19 || wire !== 2) continue;
    switch (field) {
      case 1:
        return { type: 'print', text: readPrint(bytes) };
      case 2:
        return readCall(bytes);
      case 3:
        return readOsCall(bytes);
      case 4:
        return { type: 'name', name: textAt(bytes, 1), objectId: idAt(bytes, 2) };
      case 5:
        return { type: 'futures', pending: readIds(bytes) };
      case 6:
        return { type: 'complete', value: lastField(bytes, 1)?.bytes ?? EMPTY };
      case 7:
        return { type: 'error', raised: readRaised(lastField(bytes, 1)?.bytes ?? EMPTY) };
      case 8:
        return { type: 'type-errors', diagnostics: textAt(bytes, 1) };
      case 9:
        return { type: 'dump', state: lastField(bytes, 1)?.bytes ?? EMPTY };
      case 10:
        return { type: 'ok' };
      case 11:
        return { type: 'fatal', message: textAt(bytes, 1) };
      default:
        throw new ProtocolError(`an event of kind ${field}`);
    }
  }
  throw new ProtocolError('an event of no kind');
}

const textAt = (bytes: Buffer, field: number): string => lastField(bytes, field)?.bytes.toString() ?? '';
const numberAt = (bytes: Buffer, field: number): number => Number(lastField(bytes, field)?.value ?? 0n);

function idAt(bytes: Buffer, field: number): Buffer | undefined {
  const found = lastField(bytes, field);
  return found === undefined ? undefined : lastField(found.bytes, 1)?.bytes;
}

/** Runs of one stream each; the older form has one run, and no list. */
function readPrint(bytes: Buffer): string {
  let text = '';
  for (const each of readFields(bytes)) {
    if (each.wire !== 2) continue;
    text += each.field === 3 ? textAt(each.bytes, 2) : each.field === 2 ? each.bytes.toString() : '';
  }
  return text;
}

function readCall(bytes: Buffer): WorkerEvent {
  const args: Buffer[] = [];
  const named: { key: Buffer; value: Buffer }[] = [];
  for (const each of readFields(bytes)) {
    if (each.field === 2) args.push(each.bytes);
    if (each.field === 3)
      named.push({ key: lastField(each.bytes, 1)?.bytes ?? EMPTY, value: lastField(each.bytes, 2)?.bytes ?? EMPTY });
    if (args.length + named.length > MAX_ITEMS) throw new ProtocolError('a call with too many arguments');
  }
  return { type: 'call', callId: numberAt(bytes, 4), name: textAt(bytes, 1), args, named, objectId: idAt(bytes, 5) };
}

function readOsCall(bytes: Buffer): WorkerEvent {
  const callId = numberAt(bytes, 1);
  for (const each of readFields(bytes)) {
    if (each.field === 23) return { type: 'os-call', callId, ask: { type: 'today' } };
    if (each.field === 24) {
      const zone = lastField(each.bytes, 1);
      const offset = zone && BigInt.asIntN(32, lastField(zone.bytes, 1)?.value ?? 0n);
      return {
        type: 'os-call',
        callId,
        ask: { type: 'now', offsetSeconds: offset === undefined ? undefined : Number(offset) },
      };
    }
  }
  return { type: 'os-call', callId, ask: { type: 'other' } };
}

/** Packed, or one by one. */
function readIds(bytes: Buffer): number[] {
  const ids: number[] = [];
  for (const each of readFields(bytes)) {
    if (each.field !== 1) continue;
    if (each.wire === 0) ids.push(Number(each.value));
    for (let at = 0, value = 0, shift = 0; at < each.bytes.length; at++) {
      const byte = each.bytes[at] ?? 0;
      value |= (byte & 0x7f) << shift;
      shift += 7;
      if (byte < 0x80) {
        ids.push(value >>> 0);
        value = 0;
        shift = 0;
      }
    }
    if (ids.length > MAX_ITEMS) throw new ProtocolError('too many futures');
  }
  return ids;
}

function readRaised(bytes: Buffer): RaisedException {
  const frames: { line: number; name: string | undefined; source: string }[] = [];
  for (const each of readFields(bytes)) {
    if (each.field !== 3) continue;
    const start = lastField(each.bytes, 2)?.bytes ?? EMPTY;
    const name = lastField(each.bytes, 4)?.bytes.toString();
    frames.push({ line: numberAt(start, 1), name, source: textAt(each.bytes, 5) });
  }
  return { exception: textAt(bytes, 1), message: textAt(bytes, 2), frames };
}
