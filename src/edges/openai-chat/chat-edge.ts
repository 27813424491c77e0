/** OpenAI's chat completions as the client's side sees them. */

import type { ChatEdge } from '../models/dialect-edge.ts';
import { encodeAnswer } from './encode-answer.ts';
import { createChatStreamEncoder } from './encode-stream.ts';
import { readApiKey } from './read-api-key.ts';
import { renderOpenaiError } from './render-error.ts';

export const openaiChatEdge: ChatEdge = {
  streamContentType: 'text/event-stream; charset=utf-8',
  credentialOf: readApiKey,
  renderError: renderOpenaiError,
  renderStreamError: (error, requestId) => `data: ${renderOpenaiError(error, requestId).body}\n\n`,
  encodeAnswer,
  createStreamEncoder: createChatStreamEncoder,
};
