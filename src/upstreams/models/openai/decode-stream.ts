/** A stream of chat completion chunks as neutral events. */

import { StringDecoder } from 'node:string_decoder';
import type { ChatEvent } from '../../../contracts/chat.ts';
import { type EventStream, type ModelReport, ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { createSseDecoder } from '../../../lib/sse.ts';
import { type PieceReader, readPieces } from '../read-pieces.ts';
import { type DecodeOptions, decodeHead } from './decode-answer.ts';
import { type ChoiceDecoder, createChoiceDecoder } from './decode-choice.ts';
import { failureIn } from './read-failure.ts';
import { usageIn } from './read-usage.ts';

export interface StreamOptions extends DecodeOptions {
  readonly report: ModelReport;
  readonly secrets: readonly string[];
  /** Of one event. */
  readonly maxEventChars: number;
}

/** Throws ProviderFailure, also for an end that nobody announced. */
export function decodeStream(pieces: AsyncIterable<Buffer>, options: StreamOptions): EventStream {
  return readPieces(pieces, new ChunkReader(options));
}

/** The events of one stream, piece by piece. */
export const createChunkReader = (options: StreamOptions): PieceReader<readonly ChatEvent[]> =>
  new ChunkReader(options);

class ChunkReader implements PieceReader<readonly ChatEvent[]> {
  failure: Error | undefined = undefined;
  readonly #options: StreamOptions;
  readonly #utf8 = new StringDecoder('utf8');
  readonly #sse: ReturnType<typeof createSseDecoder>;
  readonly #choices = new Map<number, ChoiceDecoder>();
  #events: ChatEvent[] = [];
  #hasBegun = false;
  #isOver = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#sse = createSseDecoder(({ data }) => this.#take(data), options.maxEventChars);
  }

  push(piece: Buffer): readonly ChatEvent[] | undefined {
    try {
      this.#sse.push(this.#utf8.write(piece));
    } catch (error) {
      this.failure ??= new ProviderFailure('malformed', String(error), { cause: error });
    }
    return this.#flush();
  }

  finish(): readonly ChatEvent[] | undefined {
    // An event whose empty line never came.
    this.#sse.push(`${this.#utf8.end()}\n\n`);
    if (this.failure !== undefined) throw this.failure;
    const choices = [...this.#choices.values()];
    const isTold = choices.length > 0 && choices.every(({ isOver }) => isOver());
    if (!this.#isOver && !isTold)
      throw this.#hasBegun
        ? new ProviderFailure('connection-lost', 'the stream ended before its end')
        : new ProviderFailure('malformed', 'a stream without a single event');
    if (!this.#isOver) this.#end();
    return this.#flush();
  }

  #flush(): readonly ChatEvent[] | undefined {
    const events = this.#events;
    if (events.length === 0) return undefined;
    this.#events = [];
    return events;
  }

  #take(data: string): void {
    if (this.#isOver || this.failure !== undefined) return;
    if (data.trim() === '[DONE]') {
      if (this.#hasBegun) this.#end();
      return;
    }
    let chunk: unknown;
    try {
      chunk = JSON.parse(data);
    } catch {
      this.failure = new ProviderFailure('malformed', 'an event that is no JSON');
      return;
    }
    if (!isObject(chunk)) return;
    if (chunk.error !== undefined && chunk.error !== null) {
      this.failure = failureIn(chunk.error, this.#options.secrets);
      return;
    }
    this.#read(chunk);
  }

  #read(chunk: { readonly [member: string]: unknown }): void {
    const { report } = this.#options;
    const choices = Array.isArray(chunk.choices) ? chunk.choices.filter(isObject) : [];
    const usage = usageIn(chunk);
    // Azure begins with a chunk about its filters, which has neither id nor model.
    if (!this.#hasBegun && (choices.length > 0 || usage !== undefined)) {
      this.#hasBegun = true;
      this.#events.push({ type: 'start', ...decodeHead(chunk, this.#options) });
    }
    for (const choice of choices) {
      const index = typeof choice.index === 'number' ? choice.index : 0;
      let decoder = this.#choices.get(index);
      if (decoder === undefined) {
        decoder = createChoiceDecoder(index, this.#options);
        this.#choices.set(index, decoder);
      }
      decoder.read(choice, this.#events);
    }
    if (usage !== undefined) {
      report.usage = usage;
      this.#events.push({ type: 'usage', usage });
    }
  }

  #end(): void {
    this.#isOver = true;
    for (const choice of this.#choices.values()) choice.close(this.#events);
    this.#events.push({ type: 'end' });
  }
}
