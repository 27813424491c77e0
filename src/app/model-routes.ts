/** The front doors of models: one line per dialect. Without a configured provider none of their paths exists. */

import type { GatewayConfig } from '../contracts/config.ts';
import { createAnthropicRoutes } from '../edges/anthropic/routes.ts';
import { createGeminiRoutes } from '../edges/gemini/routes.ts';
import type { Route } from '../edges/http/exchange.ts';
import type { ModelEdgeDeps } from '../edges/models/serve-model.ts';
import { createOpenaiRoutes } from '../edges/openai/routes.ts';
import { createOpenaiChatRoutes } from '../edges/openai-chat/routes.ts';
import { createOpenaiResponsesRoutes } from '../edges/openai-responses/routes.ts';

export function createModelRoutes(deps: ModelEdgeDeps & { readonly config: () => GatewayConfig }): readonly Route[] {
  const routes = [
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
