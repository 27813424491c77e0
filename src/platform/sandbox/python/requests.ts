/** What the worker is told. Source: the schema of `monty subprocess`, protocol version 2. */

import { createHash } from 'node:crypto';
import { createWriter, type Writer } from './protobuf.ts';
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
  reset: 9,
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
    // Messages of `assert` as Python has them.
    out.varint(6, 0);
    out.varint(9, PROTOCOL_VERSION);
  });

/** Runs it, unchecked. */
export const feed = (code: string): Buffer =>
  request(
    REQUEST.feed,
    (out) => {
      out.text(1, code);
      out.varint(3, 1);
    },
    code.length + 64,
  );

/**
 * The worker runs what it finds nothing in, so that something is there to find in the first line; nobody answers to that name.
 * After a check `reset` and `configure` make a session of it.
 */
const UNKNOWN = '_portcullis_nobody';
/** By which the lines of the findings are off. */
export const CHECK_LINES = 1;
export const check = (code: string): Buffer =>
  request(REQUEST.feed, (out) => out.text(1, `${UNKNOWN}()\n${code}`), code.length + 64);

export const reset = (): Buffer => request(REQUEST.reset, () => undefined);
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
