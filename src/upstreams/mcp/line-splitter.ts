/** Newline-delimited text out of arbitrary chunks, with a bound: a line that is too long is dropped, not buffered. */

import { StringDecoder } from 'node:string_decoder';

/** What is known of a line that was dropped: its beginning and its end, enough to tell whose answer it was. */
export interface DroppedLine {
  readonly head: string;
  readonly tail: string;
  readonly bytes: number;
}

export interface LineSplitter {
  push(chunk: Buffer): void;
  /** The stream ended: what was not terminated comes as a last line. */
  end(): void;
}

const NEWLINE = 0x0a;
const KEPT_BYTES = 512;

export function createLineSplitter(
  maxLineBytes: number,
  onLine: (line: string) => void,
  onDropped: (line: DroppedLine) => void,
): LineSplitter {
  let parts: Buffer[] = [];
  let bytes = 0;
  // Set while inside a line that has outgrown the bound.
  let dropping: { head: string; tail: Buffer } | undefined;

  const add = (part: Buffer): void => {
    bytes += part.length;
    if (dropping !== undefined) {
      dropping.tail = Buffer.concat([dropping.tail, part.subarray(-KEPT_BYTES)]).subarray(-KEPT_BYTES);
    } else if (bytes > maxLineBytes) {
      const all = Buffer.concat([...parts, part]);
      parts = [];
      dropping = { head: all.toString('utf8', 0, KEPT_BYTES), tail: Buffer.from(all.subarray(-KEPT_BYTES)) };
    } else parts.push(part);
  };
  const endLine = (): void => {
    if (dropping !== undefined) {
      onDropped({ head: dropping.head, tail: dropping.tail.toString('utf8'), bytes });
    } else if (bytes > 0) {
      const only = parts[0];
      const line = parts.length === 1 && only !== undefined ? only.toString('utf8') : decodeAll(parts);
      onLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    }
    parts = [];
    bytes = 0;
    dropping = undefined;
  };

  return {
    push(chunk) {
      let start = 0;
      for (;;) {
        const newline = chunk.indexOf(NEWLINE, start);
        if (newline === -1) break;
        if (newline > start) add(chunk.subarray(start, newline));
        endLine();
        start = newline + 1;
      }
      if (start < chunk.length) add(chunk.subarray(start));
    },
    end: endLine,
  };
}

/** Piece by piece, so that no large buffer is made only to become text. */
function decodeAll(parts: readonly Buffer[]): string {
  const utf8 = new StringDecoder('utf8');
  let text = '';
  for (const part of parts) text += utf8.write(part);
  return text + utf8.end();
}

/**
 * The id of the response a dropped line was, if its ends show it beyond doubt: `id` before anything nested, or as one of
 * the last members of the outermost object. `notification` if it certainly was no answer.
 */
export function whoseAnswer(line: DroppedLine): number | 'notification' | undefined {
  const before = String.raw`^\s*\{\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?`;
  if (new RegExp(`${before}"method"\\s*:`).test(line.head)) return 'notification';
  const first = new RegExp(`${before}"id"\\s*:\\s*(\\d+)\\s*,`).exec(line.head);
  if (first !== null) return Number(first[1]);
  const last = /[,{]\s*(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(\d+)\s*(?:,\s*"jsonrpc"\s*:\s*"2\.0"\s*)?\}\s*$/;
  const found = last.exec(line.tail);
  return found === null ? undefined : Number(found[1]);
}
