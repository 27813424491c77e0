/** What providers say of their own models: asked for once by all who want it, kept for a while, and served while it is renewed. */

import type { CallSignal } from '../../contracts/call-signal.ts';
import type { ModelProvider, ProviderModel } from '../../contracts/models.ts';

const FRESH_MS = 600_000;
/** A provider that failed is not asked again by every list. */
const RETRY_MS = 30_000;
const TIMEOUT_MS = 10_000;
const MAX_MODELS = 5_000;

export interface ModelDirectory {
  /** Models of one provider; none if it has no list, or never gave one. A stale list is given at once. Never rejects. */
  modelsOf(provider: ModelProvider): readonly ProviderModel[] | Promise<readonly ProviderModel[]>;
}

interface Entry {
  models: readonly ProviderModel[] | undefined;
  /** When it is asked again; monotonic milliseconds. */
  dueMs: number;
  asking: Promise<readonly ProviderModel[]> | undefined;
}

const NONE: readonly ProviderModel[] = Object.freeze([]);
/** The answer is for all who come later, too: nobody's leaving ends it, only its deadline. */
const NEVER: CallSignal = Object.freeze({
  aborted: false,
  reason: undefined,
  addEventListener: () => {},
  removeEventListener: () => {},
});

export function createModelDirectory(deps: { readonly monotonicMs: () => number }): ModelDirectory {
  // By the provider itself: a changed configuration makes a new one, and the list of the old one goes with it.
  const entries = new WeakMap<ModelProvider, Entry>();

  const ask = async ({ config, listModels }: ModelProvider, entry: Entry): Promise<readonly ProviderModel[]> => {
    try {
      const models = await listModels?.({ key: config.keys[0], signal: NEVER, timeoutMs: TIMEOUT_MS });
      entry.models = models?.slice(0, MAX_MODELS) ?? NONE;
      entry.dueMs = deps.monotonicMs() + FRESH_MS;
    } catch {
      // One provider's trouble is not to break the list of all; what it said before still holds.
      entry.dueMs = deps.monotonicMs() + RETRY_MS;
    }
    entry.asking = undefined;
    return entry.models ?? NONE;
  };

  return {
    modelsOf(provider) {
      if (provider.listModels === undefined) return NONE;
      let entry = entries.get(provider);
      if (entry === undefined) {
        entry = { models: undefined, dueMs: Number.NEGATIVE_INFINITY, asking: undefined };
        entries.set(provider, entry);
      }
      if (entry.asking === undefined && deps.monotonicMs() >= entry.dueMs) entry.asking = ask(provider, entry);
      return entry.models ?? entry.asking ?? NONE;
    },
  };
}
