/** What a provider is made of, whatever wire it speaks. */

import type { ModelProvider } from '../../contracts/models.ts';
import type { ProviderConfig } from '../../contracts/models-config.ts';
import type { HttpClient } from '../http/client.ts';

export interface ProviderDeps {
  readonly http: HttpClient;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  /** Gives that many random lower-case hex digits; for ids that a dialect lacks. */
  readonly randomHex: (digits: number) => string;
}

export type CreateProvider = (deps: ProviderDeps, config: ProviderConfig) => ModelProvider;
