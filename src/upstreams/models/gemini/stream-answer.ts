/** Gemini's stream on its way through: forwarded as bytes with a look at what it says, or decoded into events. */

import type { ChatEvent } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { type ByteStream, type EventStream, type ModelReport, ProviderFailure } from '../../../contracts/models.ts';
import type { StreamDecoder } from './decode-stream.ts';
import { noteAnswer } from './note-answer.ts';
import { errorIn, failureOfPiece } from './read-error.ts';
import type { PieceReader } from './read-pieces.ts';

export interface StreamSource {
  readonly pieces: AsyncIterator<Uint8Array>;
  readonly reader: PieceReader;
  readonly report: ModelReport;
  readonly secrets: readonly string[];
}

/** Resolves once the answer has begun; one that begins with an error is none. Throws ProviderFailure. */
export async function forwardStream(source: StreamSource): Promise<ByteStream> {
  const { pieces, reader, report, secrets } = source;
  let isBegun = false;
  let failure: ProviderFailure | undefined;
  const look = (bytes: Uint8Array): void => {
    for (const piece of reader.read(bytes)) {
      const error = errorIn(piece);
      // In the middle it is forwarded, as the client knows the words, and noted.
      if (error !== undefined) {
        failure = failureOfPiece(error, secrets);
        if (!isBegun) throw failure;
      }
      isBegun = true;
      noteAnswer(piece, report);
    }
  };
  const first = await leaving(pieces, async () => {
    const item = await pieces.next();
    if (item.done === true) throw new ProviderFailure('malformed', 'an empty stream');
    look(item.value);
    return item;
  });
  let waiting: IteratorResult<Uint8Array> | undefined = first;
  return iterable({
    next() {
      if (waiting !== undefined) {
        const item = waiting;
        waiting = undefined;
        return Promise.resolve(item);
      }
      return pieces.next().then((item) => {
        if (item.done !== true) lookOrLeave(item.value);
        else if (failure !== undefined) throw failure;
        return item;
      });
    },
    return: () => leave(pieces),
  });

  function lookOrLeave(bytes: Uint8Array): void {
    try {
      look(bytes);
    } catch (error) {
      void leave(pieces);
      throw error;
    }
  }
}

/** Resolves with the first events. Throws ProviderFailure; so does a stream that breaks, or ends before it is over. */
export async function decodeStream(source: StreamSource, decoder: StreamDecoder): Promise<EventStream> {
  const { pieces, reader, report, secrets } = source;
  let isOver = false;

  const decodeOne = (piece: JsonObject): readonly ChatEvent[] => {
    const error = errorIn(piece);
    if (error !== undefined) throw failureOfPiece(error, secrets);
    noteAnswer(piece, report);
    return decoder.decode(piece);
  };
  /** Reads on until there is an event. */
  const nextEvents = async (): Promise<IteratorResult<readonly ChatEvent[]>> => {
    while (!isOver) {
      const item = await pieces.next();
      if (item.done === true) {
        isOver = true;
        const rest = decoder.finish();
        if (rest.length === 0) throw new ProviderFailure('connection-lost', 'the stream ended before the answer did');
        return { done: false, value: rest };
      }
      const events = reader.read(item.value).flatMap(decodeOne);
      if (events.length > 0) return { done: false, value: events };
    }
    return { done: true, value: undefined };
  };
  const guarded = (): Promise<IteratorResult<readonly ChatEvent[]>> =>
    leaving(pieces, nextEvents, () => {
      isOver = true;
    });

  let waiting: IteratorResult<readonly ChatEvent[]> | undefined = await guarded();
  return iterable({
    next() {
      if (waiting === undefined) return guarded();
      const item = waiting;
      waiting = undefined;
      return Promise.resolve(item);
    },
    return() {
      isOver = true;
      waiting = undefined;
      return leave(pieces);
    },
  });
}

/** Whoever fails while reading lets go of the provider's answer. */
async function leaving<T>(
  pieces: AsyncIterator<Uint8Array>,
  read: () => Promise<T>,
  onFailure: () => void = () => {},
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    onFailure();
    void leave(pieces);
    throw error;
  }
}

async function leave<T>(pieces: AsyncIterator<Uint8Array>): Promise<IteratorResult<T>> {
  await pieces.return?.();
  return { done: true, value: undefined };
}

function iterable<T>(iterator: AsyncIterator<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => iterator };
}
