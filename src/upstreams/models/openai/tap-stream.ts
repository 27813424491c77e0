/** The passing lane's stream: bytes as they came, looked through for usage, the reason to stop, errors and the end. */

import { type ModelReport, ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { failureIn } from './read-failure.ts';
import { readStop, usageIn } from './read-usage.ts';

export interface TapOptions {
  readonly report: ModelReport;
  /** Leave out the chunk that tells of usage only: the client had not asked for it. */
  readonly stripsUsage: boolean;
  readonly secrets: readonly string[];
  /** Longest line. */
  readonly maxLineBytes: number;
}

/**
 * One item per read of the socket; the first one holds the first event, so that a provider which only breathed before it
 * failed is not taken for one that answers. Throws ProviderFailure, also for an end that nobody announced.
 */
export function tapStream(pieces: AsyncIterable<Buffer>, options: TapOptions): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const inner = pieces[Symbol.asyncIterator]();
      const tap = new Tap(options);
      let isOver = false;
      const leave = (): Promise<IteratorResult<Uint8Array>> => {
        isOver = true;
        return inner.return?.().then(() => DONE) ?? Promise.resolve(DONE);
      };
      const pull = async (): Promise<IteratorResult<Uint8Array>> => {
        let out: Buffer | undefined;
        while (!isOver) {
          // What came before the fault was handed out first.
          if (tap.failure !== undefined) throw tap.failure;
          const { done, value } = await inner.next();
          if (isOver) return DONE;
          if (done === true) {
            isOver = true;
            const rest = tap.finish(out);
            return rest.length === 0 ? DONE : { done: false, value: rest };
          }
          const passed = tap.push(value);
          out = out === undefined ? passed : Buffer.concat([out, passed]);
          if (tap.hasBegun && out.length > 0) return { done: false, value: out };
        }
        return DONE;
      };
      return {
        next: () =>
          pull().catch(async (error: unknown) => {
            if (!isOver) await leave();
            throw error;
          }),
        return: leave,
      };
    },
  };
}

const DONE: IteratorResult<Uint8Array> = Object.freeze({ done: true, value: undefined });
const NEW_LINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const EMPTY = Buffer.alloc(0);
/** Members whose values are what the model produced; escapes and bytes are counted roughly, for estimates only. */
const PRODUCED = /"(?:content|reasoning_content|reasoning|refusal|arguments|input)":\s*"((?:[^"\\]|\\.)*)"/g;
const TELLS = /"usage":\s*\{|"finish_reason":\s*"|"error":/;

class Tap {
  hasBegun = false;
  failure: ProviderFailure | undefined = undefined;
  readonly #options: TapOptions;
  #rest: Buffer = EMPTY;
  #isAnnounced = false;
  #dropsBlank = false;

  constructor(options: TapOptions) {
    this.#options = options;
  }

  /** What of it goes on now. */
  push(piece: Buffer): Buffer {
    const { stripsUsage, maxLineBytes } = this.#options;
    const held = this.#rest.length;
    const input = held === 0 ? piece : Buffer.concat([this.#rest, piece]);
    const kept: Buffer[] = [];
    let from = 0;
    let start = 0;
    for (let end = input.indexOf(NEW_LINE, held); end !== -1; end = input.indexOf(NEW_LINE, start)) {
      const isDropped = this.#line(input, start, end) && stripsUsage;
      if (this.failure !== undefined) return Buffer.concat([...kept, input.subarray(from, start)]);
      if (isDropped) {
        if (start > from) kept.push(input.subarray(from, start));
        from = end + 1;
      }
      start = end + 1;
    }
    this.#rest = input.subarray(start);
    if (this.#rest.length > maxLineBytes)
      throw new ProviderFailure('malformed', `an event is larger than ${maxLineBytes} bytes`);
    // Nobody can use half an event, so holding it back until it is known costs nothing.
    if (start > from) kept.push(input.subarray(from, start));
    if (kept.length === 0) return EMPTY;
    return kept.length === 1 && kept[0] !== undefined ? kept[0] : Buffer.concat(kept);
  }

  /** The rest, once the provider has ended. `held`: what was not handed out yet. */
  finish(held: Buffer | undefined): Buffer {
    const rest = this.#rest;
    if (rest.length > 0 && this.#line(rest, 0, rest.length) && this.#options.stripsUsage) this.#rest = EMPTY;
    if (this.failure !== undefined) throw this.failure;
    if (!this.hasBegun) throw new ProviderFailure('malformed', 'a stream without a single event');
    if (!this.#isAnnounced) throw new ProviderFailure('connection-lost', 'the stream ended before its end');
    return held === undefined ? this.#rest : Buffer.concat([held, this.#rest]);
  }

  /** True if this line is part of the chunk that tells of usage only. */
  #line(input: Buffer, start: number, newLine: number): boolean {
    const end = newLine > start && input[newLine - 1] === CARRIAGE_RETURN ? newLine - 1 : newLine;
    if (end === start) {
      const isDropped = this.#dropsBlank;
      this.#dropsBlank = false;
      return isDropped;
    }
    // `data:`
    if (input[start] !== 0x64 || input[start + 4] !== 0x3a) return false;
    const text = input.toString('latin1', start + 5, end);
    for (const [, value = ''] of text.matchAll(PRODUCED)) this.#options.report.outputChars += value.length;
    if (text.trim() === '[DONE]') {
      this.hasBegun = true;
      this.#isAnnounced = true;
      return false;
    }
    // Looking for a few words is much less work than reading each event.
    if (this.hasBegun && !TELLS.test(text)) return false;
    this.#dropsBlank = this.#read(input.toString('utf8', start + 5, end));
    if (this.failure === undefined) this.hasBegun = true;
    return this.#dropsBlank;
  }

  #read(json: string): boolean {
    const { report, secrets } = this.#options;
    let chunk: unknown;
    try {
      chunk = JSON.parse(json);
    } catch {
      this.failure = new ProviderFailure('malformed', 'an event that is no JSON');
      return false;
    }
    if (!isObject(chunk)) return false;
    if (chunk.error !== undefined && chunk.error !== null) {
      this.failure = failureIn(chunk.error, secrets);
      return false;
    }
    const usage = usageIn(chunk);
    if (usage !== undefined) report.usage = usage;
    const choices = Array.isArray(chunk.choices) ? chunk.choices : [];
    for (const choice of choices)
      if (isObject(choice) && typeof choice.finish_reason === 'string') {
        this.#isAnnounced = true;
        report.stop = readStop(choice.finish_reason);
      }
    return choices.length === 0 && isObject(chunk.usage);
  }
}
