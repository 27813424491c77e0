/** Frames of `application/vnd.amazon.eventstream`, cut out of bytes that come in any pieces; both checksums are checked. */

import { crc32 } from 'node:zlib';
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { ProviderFailure } from '../../../contracts/models.ts';

export interface Frame {
  /** `event`, `exception` or `error`. */
  readonly messageType: string;
  /** `:event-type`, `:exception-type` or `:error-code`. */
  readonly name: string;
  /** UTF-8. Of an `error`: its message. */
  readonly body: string;
}

/** Length of the frame, length of its headers, checksum of the two. */
const PRELUDE_BYTES = 12;
/** A frame without headers and body: the prelude and the checksum of all. */
const MIN_FRAME_BYTES = 16;

export interface FrameReader {
  /** The frames these bytes complete. Throws ProviderFailure `malformed`. */
  push(bytes: Uint8Array): readonly Frame[];
  /** Bytes of a frame that has begun. */
  readonly pendingBytes: number;
}

/** `maxFrameBytes`: a longer frame is an error before it is read. */
export function createFrameReader(maxFrameBytes: number): FrameReader {
  const codec = new EventStreamCodec(
    (input) => Buffer.from(input).toString('utf8'),
    (input) => Buffer.from(input, 'utf8'),
  );
  const waiting: Buffer[] = [];
  let waitingBytes = 0;
  /** What must be there before it is worth looking again. */
  let wantedBytes = PRELUDE_BYTES;

  return {
    get pendingBytes() {
      return waitingBytes;
    },
    push(bytes) {
      waiting.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
      waitingBytes += bytes.byteLength;
      if (waitingBytes < wantedBytes) return [];
      const all = waiting.length === 1 && waiting[0] !== undefined ? waiting[0] : Buffer.concat(waiting);
      const frames: Frame[] = [];
      let at = 0;
      for (;;) {
        wantedBytes = readLength(all.subarray(at), maxFrameBytes);
        if (all.length - at < wantedBytes) break;
        frames.push(readFrame(codec, all.subarray(at, at + wantedBytes)));
        at += wantedBytes;
      }
      waiting.length = 0;
      waitingBytes = all.length - at;
      if (waitingBytes > 0) waiting.push(all.subarray(at));
      return frames;
    },
  };
}

/** Length of the frame that begins here, once that is known. */
function readLength(rest: Buffer, maxFrameBytes: number): number {
  if (rest.length < PRELUDE_BYTES) return PRELUDE_BYTES;
  const length = rest.readUInt32BE(0);
  // Checked before the length is believed: a wrong one would have us wait for bytes that never come.
  if (crc32(rest.subarray(0, 8)) !== rest.readUInt32BE(8) || length < MIN_FRAME_BYTES)
    throw new ProviderFailure('malformed', 'the event stream is out of step: wrong checksum before a frame');
  if (length > maxFrameBytes) throw new ProviderFailure('malformed', `a frame is larger than ${maxFrameBytes} bytes`);
  return length;
}

function readFrame(codec: EventStreamCodec, bytes: Buffer): Frame {
  try {
    const { headers, body } = codec.decode(bytes);
    const text = (name: string): string | undefined => {
      const value = headers[name]?.value;
      return typeof value === 'string' ? value : undefined;
    };
    const messageType = text(':message-type') ?? 'event';
    if (messageType === 'error')
      return { messageType, name: text(':error-code') ?? '', body: text(':error-message') ?? '' };
    const name = text(messageType === 'exception' ? ':exception-type' : ':event-type') ?? '';
    return { messageType, name, body: Buffer.from(body).toString('utf8') };
  } catch (error) {
    throw new ProviderFailure('malformed', 'a frame of the event stream cannot be read', { cause: error });
  }
}
