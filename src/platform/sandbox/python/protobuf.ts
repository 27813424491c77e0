/** As much of the protobuf encoding as the worker's messages need: written forwards in one pass, read with bounds. */

/** Lengths of nested messages are patched in afterwards: a varint of four bytes, as long as that is. */
const LENGTH_BYTES = 4;
const MAX_LENGTH = 2 ** 28 - 1;

export type WireType = 0 | 1 | 2 | 5;

export interface Writer {
  /** The value is never negative. */
  varint(field: number, value: number | bigint): void;
  /** Zigzag. */
  sint(field: number, value: number | bigint): void;
  double(field: number, value: number): void;
  text(field: number, value: string): void;
  bytes(field: number, value: Uint8Array): void;
  /** A nested message; `write` writes its fields. */
  message(field: number, write: () => void): void;
  finish(): Buffer;
}

export function createWriter(startBytes = 1_024): Writer {
  let buffer = Buffer.allocUnsafe(startBytes);
  let at = 0;

  const room = (bytes: number): void => {
    if (at + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * buffer.length, at + bytes));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  };
  const raw = (value: number | bigint): void => {
    room(10);
    if (typeof value === 'number' && value <= 0x7fffffff) {
      let rest = value;
      while (rest > 0x7f) {
        buffer[at++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
      buffer[at++] = rest;
      return;
    }
    let rest = BigInt(value);
    while (rest > 0x7fn) {
      buffer[at++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    buffer[at++] = Number(rest);
  };
  const tag = (field: number, wire: WireType): void => raw(field * 8 + wire);

  return {
    varint(field, value) {
      tag(field, 0);
      raw(value);
    },
    sint(field, value) {
      tag(field, 0);
      if (typeof value === 'number' && Math.abs(value) < 2 ** 30) raw(value < 0 ? -2 * value - 1 : 2 * value);
      else {
        const wide = BigInt(value);
        raw(wide < 0n ? -2n * wide - 1n : 2n * wide);
      }
    },
    double(field, value) {
      tag(field, 1);
      room(8);
      at = buffer.writeDoubleLE(value, at);
    },
    text(field, value) {
      tag(field, 2);
      const bytes = Buffer.byteLength(value);
      raw(bytes);
      room(bytes);
      at += buffer.write(value, at, 'utf8');
    },
    bytes(field, value) {
      tag(field, 2);
      raw(value.length);
      room(value.length);
      buffer.set(value, at);
      at += value.length;
    },
    message(field, write) {
      tag(field, 2);
      room(LENGTH_BYTES);
      const start = at + LENGTH_BYTES;
      at = start;
      write();
      const length = at - start;
      if (length > MAX_LENGTH) throw new RangeError('a message of more than 256 MB');
      for (let i = 0; i < LENGTH_BYTES; i++) {
        const more = i < LENGTH_BYTES - 1 ? 0x80 : 0;
        buffer[start - LENGTH_BYTES + i] = ((length >>> (7 * i)) & 0x7f) | more;
      }
    },
    finish: () => buffer.subarray(0, at),
  };
}

/** What the worker sent is no message, or not one that it may send. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** One field of a message: `number` for varints that fit, else a bigint; bytes are a view. */
export interface Field {
  readonly field: number;
  readonly wire: WireType;
  readonly value: bigint;
  readonly bytes: Buffer;
}

const NOTHING = Buffer.alloc(0);

/** The fields of a message, in order. Throws ProtocolError. */
export function* readFields(bytes: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new ProtocolError('a message that is cut off');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asUintN(64, value);
    }
    throw new ProtocolError('a number that is too long');
  };
  const take = (count: number): Buffer => {
    if (count > bytes.length - at) throw new ProtocolError('a message that is cut off');
    const taken = bytes.subarray(at, at + count);
    at += count;
    return taken;
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const field = Math.floor(key / 8);
    switch (key % 8) {
      case 0:
        yield { field, wire: 0, value: varint(), bytes: NOTHING };
        break;
      case 1:
        yield { field, wire: 1, value: 0n, bytes: take(8) };
        break;
      case 2: {
        const length = varint();
        if (length > BigInt(bytes.length)) throw new ProtocolError('a message that is cut off');
        yield { field, wire: 2, value: 0n, bytes: take(Number(length)) };
        break;
      }
      case 5:
        yield { field, wire: 5, value: 0n, bytes: take(4) };
        break;
      default:
        throw new ProtocolError('a field of an unknown form');
    }
  }
}

/** The last field of that number, as protobuf takes it. */
export function lastField(bytes: Buffer, field: number): Field | undefined {
  let found: Field | undefined;
  for (const each of readFields(bytes)) if (each.field === field) found = each;
  return found;
}

/** Zigzag of 64 bits. */
export const unzigzag = (value: bigint): bigint => (value & 1n ? -((value + 1n) >> 1n) : value >> 1n);
