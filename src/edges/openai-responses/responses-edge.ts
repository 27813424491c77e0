/** OpenAI's Responses as the client's side sees them. */

import { ERRORS } from '../../contracts/errors.ts';
import type { ChatEdge } from '../models/dialect-edge.ts';
import { describeOpenaiError } from '../models/openai-error.ts';
import { encodeAnswer } from './encode-answer.ts';
import { createStreamEncoder } from './encode-stream.ts';

/** A code that clients of this API alone act upon. */
const CODES = { provider_unavailable: 'server_is_overloaded' };

export const openaiResponsesEdge: ChatEdge = {
  streamContentType: 'text/event-stream; charset=utf-8',
  renderError: (error, requestId) => ({
    status: ERRORS[error.code].httpStatus,
    body: JSON.stringify({ error: describeOpenaiError(error, requestId, CODES) }),
  }),
  /** Some clients look for the event `error`, others for a response that failed. */
  renderStreamError(error, requestId) {
    const { type: _, ...said } = describeOpenaiError(error, requestId, CODES);
    const { code, message } = said;
    const failed = {
      ...{ id: `resp_${requestId}`, object: 'response', created_at: 0, status: 'failed', model: '', output: [] },
      ...{ error: { code, message }, incomplete_details: null, usage: null, metadata: {} },
    };
    // What came before may have ended in the middle of an event.
    return `\n\n${[
      { type: 'error', sequence_number: 0, ...said },
      { type: 'response.failed', sequence_number: 1, response: failed },
    ]
      .map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
      .join('')}`;
  },
  encodeAnswer,
  createStreamEncoder,
};
