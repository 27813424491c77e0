/** Looks at a streamed message on its way through: who counts what, and whether it came to its end. Changes nothing. */

import { StringDecoder } from 'node:string_decoder';
import type { JsonObject } from '../../../contracts/json.ts';
import { type ModelReport, ProviderFailure } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { createSseDecoder, type SseEvent } from '../../../lib/sse.ts';
import { streamFailure } from './read-error.ts';
import { mergeUsage, readStop, readUsage } from './read-usage.ts';

export interface StreamTap {
  /** Throws ProviderFailure where the stream begins with an error instead of a message. */
  look(piece: Uint8Array): void;
  /** Throws ProviderFailure: what the stream told of, or `connection-lost` if there was no end. */
  finish(): void;
}

/** An event larger than this is not looked at, nor what follows. */
const MAX_EVENT_CHARS = 1_048_576;

export function createStreamTap(report: ModelReport): StreamTap {
  let usage: JsonObject | undefined;
  let hasBegun = false;
  let isOver = false;
  let isBlind = false;
  let failure: ProviderFailure | undefined;

  const tellUsage = (value: unknown): void => {
    usage = mergeUsage(usage, value);
    const read = readUsage(usage);
    if (read !== undefined) report.usage = read;
  };

  const onEvent = ({ event, data }: SseEvent): void => {
    switch (event) {
      case 'content_block_delta':
        report.outputChars += deltaChars(data);
        return;
      case 'message_start':
        hasBegun = true;
        return tellUsage(member(parse(data), 'message').usage);
      case 'message_delta': {
        const value = parse(data);
        const { stop_reason: reason } = member(value, 'delta');
        if (reason !== undefined && reason !== null) report.stop = readStop(reason);
        return tellUsage(value.usage);
      }
      case 'message_stop':
        isOver = true;
        return;
      case 'error':
        // Before the message another provider can still be asked; later it is the client's to read, and ours to note.
        failure = streamFailure(data);
        if (!hasBegun) throw failure;
        isOver = true;
        return;
    }
  };

  const utf8 = new StringDecoder('utf8');
  const events = createSseDecoder(onEvent, MAX_EVENT_CHARS);
  return {
    look(piece) {
      if (isBlind) return;
      try {
        events.push(utf8.write(piece as Buffer));
      } catch (error) {
        if (error instanceof ProviderFailure) throw error;
        isBlind = true;
      }
    },
    finish() {
      if (failure !== undefined) throw failure;
      if (!isOver && !isBlind) throw new ProviderFailure('connection-lost', 'the stream ended before the message did');
    },
  };
}

/** Of the text in it, without parsing: what stands behind the last `":"` of the event. */
function deltaChars(data: string): number {
  const at = Math.max(data.lastIndexOf('":"'), data.lastIndexOf('": "') + 1);
  return at <= 0 ? 0 : Math.max(0, data.lastIndexOf('"') - at - 3);
}

function parse(data: string): JsonObject {
  try {
    const value: unknown = JSON.parse(data);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

function member(value: JsonObject, name: string): JsonObject {
  const found = value[name];
  return isObject(found) ? found : {};
}
