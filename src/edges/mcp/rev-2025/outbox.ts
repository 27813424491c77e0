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

interface StreamState {
  readonly no: number;
  readonly events: StoredEvent[];
  nextSeq: number;
  /** Highest seq that went to a connection. */
  sentSeq: number;
  sink: SseStream | undefined;
  endedAtMs: number | undefined;
}

export function createOutbox({ resumable, budget, now }: OutboxOptions): Outbox {
  const streams = new Map<number, StreamState>();
  let nextNo = 0;
  let storedBytes = 0;
  let closed = false;

  const dropOldest = (stream: StreamState): boolean => {
    const event = stream.events.shift();
    if (event === undefined) return false;
    storedBytes -= event.bytes;
    budget.freeBytes += event.bytes;
    return true;
  };
  const forget = (stream: StreamState): void => {
    while (dropOldest(stream));
    streams.delete(stream.no);
  };
  const forgetOldestEnded = (): boolean => {
    for (const stream of streams.values())
      if (stream.endedAtMs !== undefined) {
        forget(stream);
        return true;
      }
    return false;
  };

  const store = (stream: StreamState, event: StoredEvent): void => {
    if (stream.events.length >= MAX_STREAM_EVENTS) dropOldest(stream);
    while (storedBytes + event.bytes > MAX_SESSION_BYTES && (forgetOldestEnded() || dropOldest(stream)));
    if (storedBytes + event.bytes > MAX_SESSION_BYTES || event.bytes > budget.freeBytes) return;
    storedBytes += event.bytes;
    budget.freeBytes -= event.bytes;
    stream.events.push(event);
  };

  const emit = (stream: StreamState, sink: SseStream, seq: number, data: JsonText): void => {
    sink.send(data, resumable ? { event: 'message', id: `${stream.no}_${seq}` } : { event: 'message' });
    stream.sentSeq = Math.max(stream.sentSeq, seq);
  };

  const carry = (stream: StreamState, sink: SseStream, afterSeq: number): void => {
    stream.sink?.end();
    for (const event of stream.events) if (event.seq > afterSeq) emit(stream, sink, event.seq, event.data);
    if (stream.endedAtMs !== undefined) {
      sink.end();
      return;
    }
    stream.sink = sink;
    sink.onClose(() => {
      if (stream.sink === sink) stream.sink = undefined;
    });
  };

  const create = (): { state: StreamState; stream: OutStream } => {
    const state: StreamState = {
      no: nextNo++,
      events: [],
      nextSeq: 1,
      sentSeq: 0,
      sink: undefined,
      endedAtMs: undefined,
    };
    streams.set(state.no, state);
    const stream: OutStream = {
      send(data, options = {}) {
        if (closed || state.endedAtMs !== undefined) return;
        if (options.once && state.events.some((event) => event.seq > state.sentSeq && event.data === data)) return;
        const seq = state.nextSeq++;
        // Characters, not bytes: near enough for a bound, and free.
        if (resumable) store(state, { seq, data, bytes: data.length + 64 });
        if (state.sink !== undefined) emit(state, state.sink, seq, data);
      },
      end() {
        state.endedAtMs = now();
        state.sink?.end();
        let ended = 0;
        for (const each of streams.values()) if (each.endedAtMs !== undefined) ended++;
        if (ended > MAX_ENDED_STREAMS) forgetOldestEnded();
      },
      attach(sink, primed) {
        if (closed) return sink.end();
        if (primed && resumable) sink.send('', { id: `${state.no}_${state.sentSeq}`, retryMs: RETRY_MS });
        carry(state, sink, state.sentSeq);
      },
    };
    return { state, stream };
  };

  const standalone = create().stream;

  return {
    standalone,
    isConnected() {
      for (const { sink } of streams.values()) if (sink !== undefined) return true;
      return false;
    },
    open: () => create().stream,
    resume(lastEventId) {
      const match = /^(\d{1,15})_(\d{1,15})$/.exec(lastEventId);
      const no = Number(match?.[1] ?? Number.NaN);
      const seq = Number(match?.[2] ?? Number.NaN);
      if (!resumable || !(no < nextNo)) return { type: 'unknown' };
      const state = streams.get(no);
      if (state === undefined) return { type: 'over' };
      if (seq >= state.nextSeq) return { type: 'unknown' };
      if (state.endedAtMs !== undefined && (state.events.at(-1)?.seq ?? 0) <= seq) return { type: 'over' };
      return { type: 'resume', attach: (sink) => (closed ? sink.end() : carry(state, sink, seq)) };
    },
    sweep(nowMs) {
      for (const stream of [...streams.values()])
        if (stream.endedAtMs !== undefined && nowMs - stream.endedAtMs > RETAIN_MS) forget(stream);
    },
    close() {
      closed = true;
      for (const stream of [...streams.values()]) {
        stream.sink?.end();
        forget(stream);
      }
    },
  };
}
