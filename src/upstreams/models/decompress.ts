/** Takes answers apart that were compressed, which some servers do whatever was asked for. */

import type { Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import { ProviderFailure } from '../../contracts/models.ts';

export type Decode = () => Transform;

/** What pushes compressed pieces; `leave` ends its exchange. */
export interface CompressedBody extends AsyncIterable<Buffer> {
  leave(): void;
}

const DECODERS: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
]);

/** Undefined: the body is as it is, or nobody here knows how to take it apart. */
export function decoderOf(encoding: string | undefined): Decode | undefined {
  return encoding === undefined ? undefined : DECODERS.get(encoding.trim().toLowerCase());
}

/** No generator: leaving it must end the exchange even in the middle of a wait. */
export function decompress(body: CompressedBody, decoder: Transform): AsyncIterable<Buffer> {
  const done: IteratorResult<Buffer> = { done: true, value: undefined };
  let source: AsyncIterator<Buffer> | undefined;
  let isOver = false;
  const leave = (): void => {
    isOver = true;
    body.leave();
    decoder.destroy();
  };
  const iterator: AsyncIterator<Buffer> = {
    async next() {
      if (isOver) return done;
      if (source === undefined) {
        source = (decoder as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
        void feed(body, decoder);
      }
      try {
        const piece = await source.next();
        if (piece.done === true) leave();
        return isOver ? done : piece;
      } catch (error) {
        if (isOver) return done;
        leave();
        if (error instanceof ProviderFailure) throw error;
        throw new ProviderFailure('malformed', 'the answer cannot be decompressed', { cause: error });
      }
    },
    return() {
      leave();
      return Promise.resolve(done);
    },
  };
  return { [Symbol.asyncIterator]: () => iterator };
}

/** Never rejects: what fails is told by the decoder, or by nobody where that is gone. */
async function feed(body: CompressedBody, decoder: Transform): Promise<void> {
  try {
    for await (const chunk of body) {
      if (decoder.destroyed) return;
      if (!decoder.write(chunk)) await new Promise((go) => decoder.once('drain', go));
    }
    decoder.end();
  } catch (error) {
    decoder.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}
