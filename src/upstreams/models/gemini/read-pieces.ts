/** The pieces of Gemini's stream, as objects, from bytes in either form. */

import type { JsonObject } from '../../../contracts/json.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { createSseDecoder } from '../../../lib/sse.ts';
import { createElementSplitter } from './split-elements.ts';

export interface PieceReader {
  /** The pieces that are whole now. Throws ProviderFailure `malformed`. */
  read(bytes: Uint8Array): readonly JsonObject[];
}

export function createPieceReader(form: 'sse' | 'json-array', maxPieceChars: number): PieceReader {
  const utf8 = new TextDecoder('utf-8');
  let found: JsonObject[] = [];
  const take = (text: string): void => {
    const value: unknown = JSON.parse(text);
    if (!isObject(value)) throw new Error('a piece is no object');
    found.push(value);
  };
  const splitter =
    form === 'sse'
      ? createSseDecoder(({ data }) => take(data), maxPieceChars)
      : createElementSplitter(take, maxPieceChars);
  return {
    read(bytes) {
      found = [];
      try {
        splitter.push(utf8.decode(bytes, { stream: true }));
      } catch (error) {
        throw new ProviderFailure('malformed', 'the stream is not what Gemini sends', { cause: error });
      }
      return found;
    },
  };
}
