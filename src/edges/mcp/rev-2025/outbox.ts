/**
 * What a legacy session has to say: its event streams, and a bounded memory of what went out on them, so that a stream
 * that broke can be resumed by Last-Event-ID. Stream 0 is the standalone one; each POST that streams opens another.
 */

import type { JsonText } from '../../../contracts/json.ts';
import type { SseStream } from '../../http/exchange.ts';

const MAX_STREAM_EVENTS = 256;
const MAX_ENDED_STREAMS = 32;
const MAX_SESSION_BYTES = 4 * 1024 * 1024;
/** How long a finished stream can still be fetched. */
const RETAIN_MS = 300_000;
const RETRY_MS = 1_000;

/** Bytes all sessions together may hold for resumption. When it is used up, events go out live only. */
export interface ReplayBudget {
  freeBytes: number;
}

interface StoredEvent {
  readonly seq: number;
  readonly data: JsonText;
  readonly bytes: number;
}

/** One stream of messages to the client; outlives the connections that carry it. */
export interface OutStream {
  /** Sends, and keeps for resumption. `once`: not if the same still waits for a connection. */
  send(data: JsonText, options?: { readonly once?: boolean }): void;
  /** Nothing more will come. */
  end(): void;
  /** Carries it on this connection from now on, replacing another. `primed`: begin with an id and retry (2025-11-25). */
  attach(sink: SseStream, primed: boolean): void;
}

export type Resumption =
  /** Opened by `attach`: what came after that event, then what is still to come. */
  | { readonly type: 'resume'; readonly attach: (sink: SseStream) => void }
  /** The stream is over and nothing is left of it. */
  | { readonly type: 'over' }
  /** No such event was ever sent. */
  | { readonly type: 'unknown' };

export interface Outbox {
  readonly standalone: OutStream;
  /** True while a connection carries any of its streams. */
  isConnected(): boolean;
  open(): OutStream;
  resume(lastEventId: string): Resumption;
  /** Drops finished streams that are older than five minutes. */
  sweep(nowMs: number): void;
  close(): void;
}

export interface OutboxOptions {
  /** False for the 2024 transport: no ids, nothing kept. */
  readonly resumable: boolean;
  readonly budget: ReplayBudget;
  readonly now: () => number;
}

export function createOutbox(options: OutboxOptions): Outbox {
  return new SessionOutbox(options);
}

/** Classes, and a list for the few streams there are: thousands of sessions have one of these. */
class SessionOutbox implements Outbox {
  readonly standalone: Stream;
  readonly resumable: boolean;
  readonly now: () => number;
  closed = false;
  readonly #budget: ReplayBudget;
  readonly #streams: Stream[] = [];
  #nextNo = 0;
  #storedBytes = 0;

  constructor({ resumable, budget, now }: OutboxOptions) {
    this.resumable = resumable;
    this.now = now;
    this.#budget = budget;
    this.standalone = this.open();
  }

  isConnected(): boolean {
    return this.#streams.some(({ sink }) => sink !== undefined);
  }

  open(): Stream {
    const stream = new Stream(this, this.#nextNo++);
    this.#streams.push(stream);
    return stream;
  }

  resume(lastEventId: string): Resumption {
    const match = /^(\d{1,15})_(\d{1,15})$/.exec(lastEventId);
    const no = Number(match?.[1] ?? Number.NaN);
    const seq = Number(match?.[2] ?? Number.NaN);
    if (!this.resumable || !(no < this.#nextNo)) return { type: 'unknown' };
    const stream = this.#streams.find((each) => each.no === no);
    if (stream === undefined) return { type: 'over' };
    if (seq >= stream.nextSeq) return { type: 'unknown' };
    if (stream.endedAtMs !== undefined && (stream.events.at(-1)?.seq ?? 0) <= seq) return { type: 'over' };
    return { type: 'resume', attach: (sink) => (this.closed ? sink.end() : stream.carry(sink, seq)) };
  }

  sweep(nowMs: number): void {
    for (const stream of [...this.#streams])
      if (stream.endedAtMs !== undefined && nowMs - stream.endedAtMs > RETAIN_MS) this.#forget(stream);
  }

  close(): void {
    this.closed = true;
    for (const stream of [...this.#streams]) {
      stream.sink?.end();
      this.#forget(stream);
    }
  }

  /** Keeps the event, at the cost of older ones; not at all where there is no room. */
  store(stream: Stream, event: StoredEvent): void {
    if (stream.events.length >= MAX_STREAM_EVENTS) this.#dropOldest(stream);
    while (this.#storedBytes + event.bytes > MAX_SESSION_BYTES)
      if (!this.#forgetOldestEnded() && !this.#dropOldest(stream)) break;
    if (this.#storedBytes + event.bytes > MAX_SESSION_BYTES || event.bytes > this.#budget.freeBytes) return;
    this.#storedBytes += event.bytes;
    this.#budget.freeBytes -= event.bytes;
    stream.events.push(event);
  }

  /** One more stream has ended: only so many are kept. */
  onEnded(): void {
    let ended = 0;
    for (const { endedAtMs } of this.#streams) if (endedAtMs !== undefined) ended++;
    if (ended > MAX_ENDED_STREAMS) this.#forgetOldestEnded();
  }

  #dropOldest(stream: Stream): boolean {
    const event = stream.events.shift();
    if (event === undefined) return false;
    this.#storedBytes -= event.bytes;
    this.#budget.freeBytes += event.bytes;
    return true;
  }

  #forget(stream: Stream): void {
    while (this.#dropOldest(stream));
    const at = this.#streams.indexOf(stream);
    if (at !== -1) this.#streams.splice(at, 1);
  }

  #forgetOldestEnded(): boolean {
    const oldest = this.#streams.find(({ endedAtMs }) => endedAtMs !== undefined);
    if (oldest === undefined) return false;
    this.#forget(oldest);
    return true;
  }
}

class Stream implements OutStream {
  readonly no: number;
  readonly events: StoredEvent[] = [];
  nextSeq = 1;
  sink: SseStream | undefined = undefined;
  endedAtMs: number | undefined = undefined;
  readonly #outbox: SessionOutbox;
  /** Highest seq that went to a connection. */
  #sentSeq = 0;

  constructor(outbox: SessionOutbox, no: number) {
    this.#outbox = outbox;
    this.no = no;
  }

  send(data: JsonText, options?: { readonly once?: boolean }): void {
    if (this.#outbox.closed || this.endedAtMs !== undefined) return;
    if (options?.once && this.events.some((event) => event.seq > this.#sentSeq && event.data === data)) return;
    const seq = this.nextSeq++;
    // Characters, not bytes: near enough for a bound, and free.
    if (this.#outbox.resumable) this.#outbox.store(this, { seq, data, bytes: data.length + 64 });
    if (this.sink !== undefined) this.#emit(this.sink, seq, data);
  }

  end(): void {
    this.endedAtMs = this.#outbox.now();
    this.sink?.end();
    this.#outbox.onEnded();
  }

  attach(sink: SseStream, primed: boolean): void {
    if (this.#outbox.closed) return sink.end();
    if (primed && this.#outbox.resumable) sink.send('', { id: `${this.no}_${this.#sentSeq}`, retryMs: RETRY_MS });
    this.carry(sink, this.#sentSeq);
  }

  /** Sends what came after that event, then what is still to come. */
  carry(sink: SseStream, afterSeq: number): void {
    this.sink?.end();
    for (const event of this.events) if (event.seq > afterSeq) this.#emit(sink, event.seq, event.data);
    if (this.endedAtMs !== undefined) {
      sink.end();
      return;
    }
    this.sink = sink;
    sink.onClose(() => {
      if (this.sink === sink) this.sink = undefined;
    });
  }

  #emit(sink: SseStream, seq: number, data: JsonText): void {
    const isResumable = this.#outbox.resumable;
    sink.send(data, isResumable ? { event: 'message', id: `${this.no}_${seq}` } : { event: 'message' });
    this.#sentSeq = Math.max(this.#sentSeq, seq);
  }
}
