/** Changes places of a text that stands as bytes, and leaves its long stretches where they are: for requests that are sent in pieces. */

/** What stands from `start` to `end` is replaced. Edits do not overlap. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly by: readonly (string | Buffer)[];
}

/** Shorter stretches are copied together: each piece costs about as much as copying this. */
const SMALL_BYTES = 1_024;

/** The changed bytes in pieces, in order; long ones are views of `bytes` and of the buffers in `edits`. */
export function spliceBytes(bytes: Buffer, edits: readonly Edit[]): Buffer[] {
  const pieces: Buffer[] = [];
  let small: Buffer[] = [];
  const flush = (): void => {
    if (small.length > 0) pieces.push(small.length === 1 && small[0] !== undefined ? small[0] : Buffer.concat(small));
    small = [];
  };
  const add = (piece: Buffer): void => {
    if (piece.length < SMALL_BYTES) {
      if (piece.length > 0) small.push(piece);
      return;
    }
    flush();
    pieces.push(piece);
  };
  let at = 0;
  for (const { start, end, by } of edits.length < 2 ? edits : edits.toSorted((a, b) => a.start - b.start)) {
    add(bytes.subarray(at, start));
    for (const piece of by) add(typeof piece === 'string' ? Buffer.from(piece) : piece);
    at = end;
  }
  add(bytes.subarray(at));
  flush();
  return pieces;
}
