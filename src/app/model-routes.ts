/** The front doors of models: one line per dialect. Without a configured provider none of their paths exists. */

import type { GatewayConfig } from '../contracts/config.ts';
import { createMessagesEdge } from '../edges/anthropic/messages-edge.ts';
import { createAnthropicRoutes } from '../edges/anthropic/routes.ts';
import type { ExecuteDeps } from '../edges/execute/execute-call.ts';
import { createExecuteRoutes } from '../edges/execute/routes.ts';
import { geminiEdge } from '../edges/gemini/gemini-edge.ts';
import { createGeminiRoutes } from '../edges/gemini/routes.ts';
import type { Route } from '../edges/http/exchange.ts';
import type { ModelEdgeDeps } from '../edges/models/serve-model.ts';
import { createOpenaiRoutes } from '../edges/openai/routes.ts';
import { openaiChatEdge } from '../edges/openai-chat/chat-edge.ts';
import { createOpenaiChatRoutes } from '../edges/openai-chat/routes.ts';
import { openaiResponsesEdge } from '../edges/openai-responses/responses-edge.ts';
import { createOpenaiResponsesRoutes } from '../edges/openai-responses/routes.ts';

/** For a person, where the configuration says nothing of approvals. */
const MAX_WAIT_MS = 300_000;

export interface ModelRouteDeps extends Omit<ModelEdgeDeps, 'gateway'> {
  readonly gateway: ModelEdgeDeps['gateway'] & ExecuteDeps['gateway'];
  readonly approvals?: ExecuteDeps['approvals'];
  readonly config: () => GatewayConfig;
}

export function createModelRoutes(deps: ModelRouteDeps): readonly Route[] {
  const routes = [
    ...createExecuteRoutes({
      ...{ ...deps, approvals: deps.approvals },
      limits: () => ({ ...deps.limits(), maxWaitMs: deps.config().approvals?.waitMs ?? MAX_WAIT_MS }),
      dialects: {
        'openai-chat': openaiChatEdge,
        'openai-responses': openaiResponsesEdge,
        anthropic: createMessagesEdge(() => false),
        gemini: geminiEdge,
      },
    }),
    ...createOpenaiChatRoutes(deps),
    ...createOpenaiResponsesRoutes(deps),
    ...createAnthropicRoutes(deps),
    ...createGeminiRoutes(deps),
    ...createOpenaiRoutes(deps),
  ];
  return routes.map(
    (route): Route =>
      (exchange) =>
        (deps.config().providers?.length ?? 0) > 0 && route(exchange),
  );
}
