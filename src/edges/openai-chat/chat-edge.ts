/** OpenAI's chat completions as the client's side sees them. */

import type { ChatAnswer } from '../../contracts/chat.ts';
import { ERRORS } from '../../contracts/errors.ts';
import type { ChatEdge } from '../models/dialect-edge.ts';

function textOf({ choices }: ChatAnswer): string {
  return (choices[0]?.parts ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('');
}

export const openaiChatEdge: ChatEdge = {
  streamContentType: 'text/event-stream',
  renderError: (error, requestId) => ({
    status: ERRORS[error.code].httpStatus,
    body: JSON.stringify({ error: { message: error.message, code: error.code, request_id: requestId } }),
  }),
  renderStreamError(error, requestId) {
    return `data: ${this.renderError(error, requestId).body}\n\n`;
  },
  encodeAnswer: (answer) =>
    JSON.stringify({
      id: answer.id,
      object: 'chat.completion',
      created: answer.createdAtS,
      model: answer.model,
      choices: [{ index: 0, message: { role: 'assistant', content: textOf(answer) }, finish_reason: 'stop' }],
    }),
  createStreamEncoder: () => ({
    encode: (events) =>
      events
        .map((event) =>
          event.type === 'delta'
            ? `data: ${JSON.stringify({ object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content: event.text } }] })}\n\n`
            : '',
        )
        .join(''),
    finish: () => 'data: [DONE]\n\n',
  }),
};
