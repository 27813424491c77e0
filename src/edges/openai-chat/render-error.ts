/** Errors as clients of chat completions look for them. */

import { ERRORS, type GatewayError } from '../../contracts/errors.ts';
import type { RenderedError } from '../models/dialect-edge.ts';
import { describeOpenaiError } from '../models/openai-error.ts';

export function renderOpenaiError(error: GatewayError, requestId: string): RenderedError {
  return {
    status: ERRORS[error.code].httpStatus,
    body: JSON.stringify({ error: describeOpenaiError(error, requestId) }),
  };
}
