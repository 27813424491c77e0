/** How large the prompt of a call of a model is taken to be, before its provider has told. */

import type { Call, ModelCall } from '../../contracts/call.ts';
import {
  estimateChatInput,
  estimateEmbedInput,
  tokensOfBody,
  tokensOfChars,
} from '../../domain/models/estimate-usage.ts';

/** Below this the characters of the body will do; above it is worth reading what they are: an image is not prose. */
const MAX_PLAIN_CHARS = 32_768;

/** Tokens; 0 for everything but chats and embeddings. */
export function expectedTokens(call: Call): number {
  if (!isModelCall(call) || (call.kind !== 'chat' && call.kind !== 'embed')) return 0;
  const { model, params } = call;
  if (params.large !== undefined) return tokensOfBody(params.large);
  if (params.text.length > MAX_PLAIN_CHARS) {
    try {
      if (model.operation === 'chat') return estimateChatInput(model.chat());
      if (model.operation === 'embed') return estimateEmbedInput(model.embed());
    } catch {
      // The passing lane lets through what we cannot read.
    }
  }
  return tokensOfChars(params.text.length);
}

function isModelCall(call: Call | ModelCall): call is ModelCall {
  return call.surface === 'models';
}
