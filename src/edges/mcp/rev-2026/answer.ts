/** The answer to one request: a JSON body if nothing precedes it, an event stream from the first notification on. */

import type { JsonText } from '../../../contracts/json.ts';
import { onOneLine } from '../../../lib/json-text.ts';
import type { Exchange, SseStream } from '../../http/exchange.ts';

export interface Answer {
  /** Sends a notification before the answer. Dropped once answered, or if the client takes no event stream. */
  precede(frame: JsonText): void;
  /** Turns the answer into a stream now, so that keep-alives flow while it takes its time. */
  stream(): void;
  /** The response. `status` counts only while no stream has begun. The second one is dropped. */
  finish(status: number, frame: JsonText, headers?: { readonly [name: string]: string }): void;
}

export function createAnswer(exchange: Exchange, takesSse: boolean): Answer {
  let stream: SseStream | undefined;
  let finished = false;

  const open = (): SseStream | undefined => {
    if (finished || !takesSse || exchange.signal.aborted) return undefined;
    stream ??= exchange.openSse();
    return stream;
  };

  return {
    precede(frame) {
      // One data line per message: some clients read the stream line by line.
      open()?.send(onOneLine(frame));
    },
    stream() {
      open();
    },
    finish(status, frame, headers) {
      if (finished) return;
      finished = true;
      if (stream !== undefined) {
        stream.send(onOneLine(frame));
        stream.end();
      } else if (!exchange.signal.aborted) exchange.sendJson(status, frame, headers);
    },
  };
}
