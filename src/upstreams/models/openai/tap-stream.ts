/** The passing lane's stream: bytes as they came, looked through for usage, the reason to stop, errors and the end. */

import { type ModelReport, ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { type PieceReader, readPieces } from '../read-pieces.ts';
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
  return readPieces(pieces, new Tap(options));
}

const NEW_LINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const OPEN_BRACE = 0x7b;
const QUOTE = 0x22;
const EMPTY = Buffer.alloc(0);
/** With room for spaces. */
const LONGEST_DONE = 64;
/** Members whose values are what the model produced; escapes and bytes are counted roughly, for estimates only. */
const PRODUCED = /"(?:content|reasoning_content|reasoning|refusal|arguments|input)":\s*"/g;

/** Whether an event says more than what was produced. Searching for words is quicker than an expression with several. */
function tells(text: string): boolean {
  return begins(text, '"usage":', OPEN_BRACE) || begins(text, '"finish_reason":', QUOTE) || text.includes('"error":');
}

/** Whether the value of a member of this name begins with that character, anywhere in the text. */
function begins(text: string, member: string, character: number): boolean {
  for (let at = text.indexOf(member); at !== -1; at = text.indexOf(member, at)) {
    at += member.length;
    while (isSpace(text.charCodeAt(at))) at++;
    if (text.charCodeAt(at) === character) return true;
  }
  return false;
}

const isSpace = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);

class Tap implements PieceReader<Buffer> {
  failure: ProviderFailure | undefined = undefined;
  readonly #options: TapOptions;
  /** A line that has not ended, in the pieces it came in: joined once, however many they are. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  /** Before the first event. */
  #held: Buffer = EMPTY;
  #hasBegun = false;
  #isAnnounced = false;
  #dropsBlank = false;

  constructor(options: TapOptions) {
    this.#options = options;
  }

  push(piece: Buffer): Buffer | undefined {
    const passed = this.#pass(piece);
    if (!this.#hasBegun) {
      this.#held = join([this.#held, passed]);
      return undefined;
    }
    const out = this.#held.length === 0 ? passed : join([this.#held, passed]);
    this.#held = EMPTY;
    return out.length === 0 ? undefined : out;
  }

  finish(): Buffer | undefined {
    const rest = join(this.#rest);
    const isDropped = rest.length > 0 && this.#line(rest, 0, rest.length) && this.#options.stripsUsage;
    if (this.failure !== undefined) throw this.failure;
    if (!this.#hasBegun) throw new ProviderFailure('malformed', 'a stream without a single event');
    if (!this.#isAnnounced) throw new ProviderFailure('connection-lost', 'the stream ended before its end');
    const out = isDropped ? this.#held : join([this.#held, rest]);
    return out.length === 0 ? undefined : out;
  }

  /** The lines that are whole now, but for what is to be left out. Nobody can use half an event, so holding it costs nothing. */
  #pass(piece: Buffer): Buffer {
    const { stripsUsage, maxLineBytes } = this.#options;
    const held = this.#restBytes;
    this.#rest.push(piece);
    this.#restBytes += piece.length;
    if (!piece.includes(NEW_LINE)) {
      this.#bound(maxLineBytes);
      return EMPTY;
    }
    const input = join(this.#rest);
    if (!stripsUsage) return this.#passAll(input, held);
    const kept: Buffer[] = [];
    let from = 0;
    let start = 0;
    for (let end = input.indexOf(NEW_LINE, held); end !== -1; end = input.indexOf(NEW_LINE, start)) {
      const isDropped = this.#line(input, start, end) && stripsUsage;
      if (this.failure !== undefined) break;
      if (isDropped) {
        kept.push(input.subarray(from, start));
        from = end + 1;
      }
      start = end + 1;
    }
    kept.push(input.subarray(from, start));
    if (this.failure !== undefined) return join(kept);
    this.#restBytes = input.length - start;
    this.#rest = this.#restBytes === 0 ? [] : [input.subarray(start)];
    this.#bound(maxLineBytes);
    return join(kept);
  }

  /** Where nothing is left out, what is passed on is what came. */
  #passAll(input: Buffer, held: number): Buffer {
    let start = 0;
    for (let end = input.indexOf(NEW_LINE, held); end !== -1; end = input.indexOf(NEW_LINE, start)) {
      this.#line(input, start, end);
      if (this.failure !== undefined) return input.subarray(0, start);
      start = end + 1;
    }
    this.#restBytes = input.length - start;
    this.#rest = this.#restBytes === 0 ? [] : [input.subarray(start)];
    this.#bound(this.#options.maxLineBytes);
    return start === input.length ? input : input.subarray(0, start);
  }

  #bound(maxLineBytes: number): void {
    if (this.#restBytes + this.#held.length > maxLineBytes)
      this.failure = new ProviderFailure('malformed', `an event is larger than ${maxLineBytes} bytes`);
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
    this.#options.report.outputChars += countProduced(text);
    if (text.length < LONGEST_DONE && text.trim() === '[DONE]') {
      this.#hasBegun = true;
      this.#isAnnounced = true;
      return false;
    }
    // Looking for a few words is much less work than reading each event.
    if (this.#hasBegun && !tells(text)) return false;
    this.#dropsBlank = this.#read(input.toString('utf8', start + 5, end));
    if (this.failure === undefined) this.#hasBegun = true;
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

/** Not one expression to the closing quote: on strings of millions of escapes those run out of stack. */
function countProduced(text: string): number {
  let characters = 0;
  for (const match of text.matchAll(PRODUCED)) {
    const start = match.index + match[0].length;
    let end = text.indexOf('"', start);
    while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
    if (end !== -1) characters += end - start;
  }
  return characters;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

function join(parts: readonly Buffer[]): Buffer {
  const full = parts.filter(({ length }) => length > 0);
  return full.length === 1 && full[0] !== undefined ? full[0] : Buffer.concat(full);
}
