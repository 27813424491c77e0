/** Requests that can only be forwarded, kept from being translated: in one place for all providers. */

import {
  type ChatModelRequest,
  type ModelProvider,
  type ProviderCall,
  ProviderFailure,
} from '../../contracts/models.ts';

/** The same provider; where it asks for the neutral form of a request that has none, its try fails as `unsupported`. */
export function refuseToTranslate(provider: ModelProvider): ModelProvider {
  const { chat, countTokens } = provider;
  return {
    ...provider,
    chat: chat && ((call) => chat(guard(call))),
    countTokens: countTokens && ((call) => countTokens(guard(call))),
  };
}

function guard(call: ProviderCall<ChatModelRequest>): ProviderCall<ChatModelRequest> {
  const { passOnly } = call.request;
  if (passOnly === undefined) return call;
  const refuse = (): never => {
    throw new ProviderFailure('unsupported', passOnly, { publicText: passOnly });
  };
  return { ...call, request: { ...call.request, chat: refuse } };
}
