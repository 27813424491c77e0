/** The worker's messages, both ways. Source: the schema of `monty subprocess`, protocol version 2. */

import { createHash } from 'node:crypto';
import { createWriter, lastField, ProtocolError, readFields, type Writer } from './protobuf.ts';
import { writeJsonValue } from './write-value.ts';

export const PROTOCOL_VERSION = 2;

/** What a host may say of a call. `future`: later, the script goes on meanwhile. */
export type CallReply =
  | { readonly type: 'value'; readonly value: string }
  | { readonly type: 'error'; readonly exception: string; readonly message: string }
  | { readonly type: 'datetime'; readonly at: Date; readonly offsetSeconds: number | undefined }
  | { readonly type: 'date'; readonly at: Date }
  | { readonly type: 'future' }
  | { readonly type: 'refused' };

export interface Configuration {
  readonly maxInterpreterMs: number;
  readonly maxMemoryBytes: number;
  readonly maxRecursionDepth: number;
  readonly maxSuspensions: number;
  readonly stubs: string | undefined;
}

/** Field numbers of requests. */
const REQUEST = {
  configure: 1,
  feed: 3,
  resumeCall: 4,
  resumeName: 5,
  resumeFutures: 6,
  dump: 7,
  load: 8,
  abort: 11,
} as const;

const request = (field: number, write: (out: Writer) => void, bytes?: number): Buffer => {
  const out = createWriter(bytes);
  out.message(field, () => write(out));
  return out.finish();
};

const CHECK_AS_JSON = 4;

export const configure = (config: Configuration): Buffer =>
  request(REQUEST.configure, (out) => {
    out.text(1, 'script.py');
    out.message(2, () => {
      out.varint(1, config.maxInterpreterMs * 1_000);
      out.varint(2, config.maxMemoryBytes);
      out.varint(4, config.maxRecursionDepth);
      out.varint(5, config.maxSuspensions);
    });
    if (config.stubs !== undefined) {
      out.varint(3, 1);
      out.text(4, config.stubs);
      out.varint(7, CHECK_AS_JSON);
    }
    out.varint(9, PROTOCOL_VERSION);
  });

export const feed = (code: string, skipsCheck: boolean): Buffer =>
  request(
    REQUEST.feed,
    (out) => {
      out.text(1, code);
      if (skipsCheck) out.varint(3, 1);
    },
    code.length + 64,
  );

export const dump = (): Buffer => request(REQUEST.dump, () => undefined);
export const load = (state: Uint8Array): Buffer =>
  request(REQUEST.load, (out) => out.bytes(1, state), state.length + 64);

export const abort = (exception: string, message: string): Buffer =>
  request(REQUEST.abort, (out) => out.message(1, () => writeException(out, exception, message)));

function writeException(out: Writer, exception: string, message: string): void {
  out.text(1, exception);
  out.text(2, message);
}

function writeReply(out: Writer, callId: number, reply: CallReply): void {
  switch (reply.type) {
    case 'value':
      return out.message(1, () => writeJsonValue(out, reply.value));
    case 'error':
      return out.message(2, () => writeException(out, reply.exception, reply.message));
    case 'future':
      return out.varint(3, callId);
    case 'refused':
      return out.message(5, () => undefined);
    case 'date':
      return out.message(1, () => out.message(17, () => writeDate(out, reply.at)));
    case 'datetime':
      return out.message(1, () => out.message(19, () => writeDateTime(out, reply.at, reply.offsetSeconds)));
  }
}

function writeDate(out: Writer, at: Date): void {
  out.varint(1, at.getUTCFullYear());
  out.varint(2, at.getUTCMonth() + 1);
  out.varint(3, at.getUTCDate());
}

function writeDateTime(out: Writer, at: Date, offsetSeconds: number | undefined): void {
  const local = offsetSeconds === undefined ? at : new Date(at.getTime() + offsetSeconds * 1_000);
  writeDate(out, local);
  out.varint(4, local.getUTCHours());
  out.varint(5, local.getUTCMinutes());
  out.varint(6, local.getUTCSeconds());
  out.varint(7, local.getUTCMilliseconds() * 1_000);
  if (offsetSeconds !== undefined) out.varint(8, BigInt.asUintN(64, BigInt(offsetSeconds)));
}

export const resumeCall = (callId: number, reply: CallReply): Buffer =>
  request(
    REQUEST.resumeCall,
    (out) => {
      out.varint(1, callId);
      out.message(2, () => writeReply(out, callId, reply));
    },
    reply.type === 'value' ? reply.value.length + 256 : undefined,
  );

export const resumeFutures = (results: readonly (readonly [number, CallReply])[]): Buffer =>
  request(
    REQUEST.resumeFutures,
    (out) => {
      for (const [callId, reply] of results)
        out.message(1, () => {
          out.varint(1, callId);
          out.message(2, () => writeReply(out, callId, reply));
        });
    },
    results.reduce((sum, [, reply]) => sum + (reply.type === 'value' ? reply.value.length : 64), 256),
  );

/** Of a name, so that a dump finds its way back in any process. */
export function objectId(namespace: string): Buffer {
  return createHash('sha256').update(`namespace ${namespace}`).digest().subarray(0, 16);
}

const HOST_ORIGIN = 3;

/** An object whose methods are the host's. */
export const resumeNameWithObject = (namespace: string): Buffer =>
  request(REQUEST.resumeName, (out) => {
    const id = (field: number): void => out.message(field, () => out.bytes(1, objectId(namespace)));
    out.message(1, () =>
      out.message(24, () => {
        out.message(1, () => {
          out.text(1, namespace);
          id(2);
          out.varint(3, HOST_ORIGIN);
          out.message(5, () => undefined);
        });
        id(2);
        out.message(3, () => undefined);
      }),
    );
  });

export const resumeNameWithFunction = (name: string): Buffer =>
  request(REQUEST.resumeName, (out) => out.message(1, () => out.message(25, () => out.text(1, name))));

export const resumeNameUnknown = (): Buffer => request(REQUEST.resumeName, (out) => out.message(2, () => undefined));

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
