/** Gemini's dialect as the client's side sees it: answers and errors, and streams in both of their forms. */

import type { ChatEdge } from '../models/dialect-edge.ts';
import { encodeAnswer } from './encode-answer.ts';
import { createStreamEncoder } from './encode-stream.ts';
import { readGeminiCredential } from './query-key.ts';
import { renderGeminiError } from './render-error.ts';

/** Streams as server-sent events (`alt=sse`), which is what SDKs ask for. */
export const geminiEdge: ChatEdge = {
  streamContentType: 'text/event-stream',
  credentialOf: readGeminiCredential,
  renderError: renderGeminiError,
  renderStreamError: (error, requestId) => `data: ${renderGeminiError(error, requestId).body}\r\n\r\n`,
  encodeAnswer,
  createStreamEncoder: () =>
    createStreamEncoder(
      (piece) => `data: ${piece}\r\n\r\n`,
      () => '',
    ),
};

/** For one stream that is a JSON array, sent element by element: an error has to know whether it is the first of them. */
export function createArrayEdge(): ChatEdge {
  let count = 0;
  const element = (text: string): string => `${count++ === 0 ? '[' : ',\r\n'}${text}`;
  return {
    ...geminiEdge,
    streamContentType: 'application/json',
    renderStreamError: (error, requestId) => `${element(renderGeminiError(error, requestId).body)}]`,
    createStreamEncoder: () => createStreamEncoder(element, () => (count === 0 ? '[]' : ']')),
  };
}
