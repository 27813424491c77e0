/** Last steps of the calls that go to one model: chat, embeddings, token counts, pass-through. */

import type { ModelCall } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type {
  ChatModelRequest,
  EmbedModelRequest,
  ModelProvider,
  ModelRequest,
  PassModelRequest,
} from '../../contracts/models.ts';
import { estimateTokens } from '../../domain/models/estimate-tokens.ts';
import type { ModelLastStep } from '../compile.ts';
import type { Attempt } from '../models/attempt.ts';

type Count = NonNullable<ModelProvider['countTokens']>;

/** For providers that do not count; the report says that it is a guess. */
const estimate: Count = async ({ request, injected, report }) => {
  const inputTokens = estimateTokens(request.chat(), injected);
  report.usage = { inputTokens, outputTokens: 0, estimated: true };
  return { type: 'token-count', answer: { lane: 'neutral', value: { inputTokens } } };
};

type Carrying<R extends ModelRequest> = ModelCall & { readonly model: R };

/** The edge pairs kinds with operations; what does not fit is a mistake of ours. */
function carrying<R extends ModelRequest>(call: ModelCall, operation: R['operation']): Carrying<R> {
  if (call.model.operation === operation) return call as Carrying<R>;
  throw new GatewayError('internal', `a call of kind ${call.kind} that carries ${call.model.operation}`);
}

export function createModelSteps(attempt: Attempt): {
  readonly [name in 'complete-chat' | 'embed' | 'count-tokens' | 'pass-through']: ModelLastStep;
} {
  return {
    'complete-chat': (call) => attempt(carrying<ChatModelRequest>(call, 'chat'), ({ chat }) => chat),
    embed: (call) => attempt(carrying<EmbedModelRequest>(call, 'embed'), ({ embed }) => embed),
    'count-tokens': (call) =>
      attempt(carrying<ChatModelRequest>(call, 'count'), ({ countTokens }) => countTokens ?? estimate),
    'pass-through': (call) => attempt(carrying<PassModelRequest>(call, 'pass'), ({ pass }) => pass),
  };
}
