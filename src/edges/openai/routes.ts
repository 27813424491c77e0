/** The paths of model APIs that are no chat. */

import type { Route } from '../http/exchange.ts';
import type { ModelEdgeDeps } from '../models/serve-model.ts';
import { createEmbedRoute } from './embed-route.ts';
import { createModelListRoute } from './model-list-route.ts';
import { createPassRoute } from './pass-route.ts';

export function createOpenaiRoutes(deps: ModelEdgeDeps): readonly Route[] {
  return [createEmbedRoute(deps), createModelListRoute(deps), createPassRoute(deps)];
}
