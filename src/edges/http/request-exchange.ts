/** What an Exchange reads from the head of its request, whoever received it: headers, query, credential, narrowing. */

import type { CallSignal } from '../../contracts/call-signal.ts';
import type { Credential, Narrowing } from '../../contracts/caller.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { AnswerHeaders, ByteSink, Exchange, SseStream } from './exchange.ts';
import { type HeaderList, headerNames, headerValues, oneHeader, readCredential, readNarrowing } from './headers.ts';
import type { Target } from './read-target.ts';

/** What was last presented on a connection. */
export interface Presented {
  credential: Credential | undefined;
}

/**
 * What is costly and rarely asked for (credential, narrowing, query) is made when first read. A class, because a literal
 * with getters gets a hidden class of its own each time, which keeps its whole request from being collected young and every
 * use of it from being compiled well.
 */
export abstract class RequestExchange implements Exchange {
  readonly method: string;
  readonly segments: readonly string[];
  readonly receivedMs = performance.now();
  protected readonly headers: HeaderList;
  readonly #search: string;
  readonly #presented: Presented;
  #query: URLSearchParams | undefined = undefined;
  #narrowing: Narrowing | undefined = undefined;
  #credential: Credential | undefined = undefined;
  #credentialWasRead = false;

  constructor(method: string, target: Target, headers: HeaderList, presented: Presented) {
    this.method = method;
    this.segments = target.segments;
    this.headers = headers;
    this.#search = target.search;
    this.#presented = presented;
  }

  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#search);
    return this.#query;
  }

  header(name: string): string | undefined {
    return oneHeader(this.headers, name);
  }

  headersWithPrefix(prefix: string): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const name of headerNames(this.headers, prefix)) found.set(name, oneHeader(this.headers, name) ?? '');
    return found;
  }

  get forwardedFor(): readonly string[] {
    return headerValues(this.headers, 'x-forwarded-for').flatMap((line) => line.split(',').map((each) => each.trim()));
  }

  get credential(): Credential | undefined {
    if (!this.#credentialWasRead) {
      this.#credential = this.#sameAsBefore(readCredential(this.headers));
      this.#credentialWasRead = true;
    }
    return this.#credential;
  }

  get narrowing(): Narrowing {
    this.#narrowing ??= readNarrowing(this.headers);
    return this.#narrowing;
  }

  abstract readonly remoteAddress: string | undefined;
  abstract readonly signal: CallSignal;
  abstract readonly gone: boolean;
  abstract readonly answered: boolean;
  /** The answer is complete: nothing more will be written. */
  abstract readonly ended: boolean;
  abstract body(): Promise<string>;
  abstract jsonBytes(): Buffer | Promise<Buffer>;
  abstract bytes(): Promise<Buffer>;
  abstract sendJson(status: number, body: JsonText, headers?: AnswerHeaders): void;
  abstract sendText(status: number, contentType: string, body: string, headers?: AnswerHeaders): void;
  abstract sendJsonBytes(status: number, pieces: readonly Uint8Array[], headers?: AnswerHeaders): void;
  abstract sendEmpty(status: number, headers?: AnswerHeaders): void;
  abstract openSse(headers?: AnswerHeaders): SseStream;
  abstract openBytes(status: number, headers: AnswerHeaders): ByteSink;
  /** Closes the connection: the only way left to say that an answer failed half-way. */
  abstract destroy(): void;

  /** One object for the same key on the same connection, so that what was worked out about it need not be worked out again. */
  #sameAsBefore(credential: Credential | undefined): Credential | undefined {
    if (credential === undefined) return undefined;
    const before = this.#presented.credential;
    if (before?.token === credential.token && before.source === credential.source) return before;
    this.#presented.credential = credential;
    return credential;
  }
}
