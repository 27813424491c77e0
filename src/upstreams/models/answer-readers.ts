/** Reads answers of the passing lane beside their passing, with the decoders that translate them elsewhere. */

import type { ChatAnswer, ChatEvent } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { AnswerReader, AnswerReaders, ModelReport } from '../../contracts/models.ts';
import { isObject } from '../../lib/is-object.ts';
import { decodeMessage } from './anthropic/decode-message.ts';
import { createMessageStreamDecoder } from './anthropic/message-stream.ts';
import { createWireNames } from './anthropic/wire-names.ts';
import { decodeAnswer as decodeGemini } from './gemini/decode-answer.ts';
import { createStreamDecoder as createGeminiDecoder } from './gemini/decode-stream.ts';
import { createPieceReader } from './gemini/read-pieces.ts';
import { decodeAnswer as decodeCompletion } from './openai/decode-answer.ts';
import { createChunkReader } from './openai/decode-stream.ts';
import { decodeAnswer as decodeResponse } from './openai-responses/decode-answer.ts';
import { createStreamDecoder as createResponsesDecoder } from './openai-responses/decode-stream.ts';
import type { ToolNames } from './tool-names.ts';

/** Of one event. */
const MAX_EVENT_CHARS = 67_108_864;

const NAMES: ToolNames = { toWire: (name) => name, fromWire: (name) => ({ name }) };
/** Nobody looks at when it was, nor at ids that were made up. */
const IDS = { now: () => 0, randomHex: () => '' };
const GEMINI = { names: NAMES, custom: new Set<string>(), model: '', now: () => 0, newId: () => '' };

export const createAnswerReaders = (): AnswerReaders => (dialect, form) => {
  switch (dialect) {
    case 'openai-chat':
      return reader((value) => decodeCompletion(value, { names: NAMES, ids: IDS }), readChunks);
    case 'openai-responses':
      return reader(
        (value) => decodeResponse(value, NAMES),
        () => {
          const decoder = createResponsesDecoder(NAMES, MAX_EVENT_CHARS);
          return (bytes) => decoder.push(bytes);
        },
      );
    case 'anthropic':
      return reader(
        (_, text) => decodeMessage(text, createWireNames(), 0),
        () => {
          const decoder = createMessageStreamDecoder(createWireNames(), 0);
          return (bytes) => decoder.push(bytes);
        },
      );
    case 'gemini':
      return reader(
        (value) => decodeGemini(value, GEMINI),
        () => {
          const pieces = createPieceReader(form, MAX_EVENT_CHARS);
          const decoder = createGeminiDecoder(GEMINI);
          return (bytes) => pieces.read(bytes).flatMap((piece) => decoder.decode(piece));
        },
      );
    default:
      return undefined;
  }
};

function readChunks(): (bytes: Uint8Array) => readonly ChatEvent[] {
  const report: ModelReport = { attempts: [], dropped: [], outputChars: 0 };
  const chunks = createChunkReader({
    ...{ names: NAMES, ids: IDS, report, secrets: [], maxEventChars: MAX_EVENT_CHARS },
  });
  return (bytes) => chunks.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)) ?? [];
}

/** Whatever a decoder throws: the answer goes on as it came, and its provider's codec says what is wrong with it. */
function reader(
  whole: (value: JsonObject, text: string) => ChatAnswer,
  open: () => (bytes: Uint8Array) => readonly ChatEvent[],
): AnswerReader {
  return {
    whole(text) {
      try {
        const value: unknown = JSON.parse(text);
        return isObject(value) ? whole(value, text) : undefined;
      } catch {
        return undefined;
      }
    },
    stream() {
      const push = open();
      let isLost = false;
      return (bytes) => {
        if (isLost) return [];
        try {
          return push(bytes);
        } catch {
          isLost = true;
          return [];
        }
      };
    },
  };
}
