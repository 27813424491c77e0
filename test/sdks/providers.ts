/** The kinds of provider the SDKs are run against, each a pretended one on its vendor's wire. */

import type { MockProvider } from '../support/providers/mock-provider.ts';

export interface StartedProvider {
  /** Its entry under `providers`. */
  readonly config: object;
  readonly mock: MockProvider | undefined;
}

export interface ProviderKind {
  readonly id: string;
  readonly model: string;
  readonly embeddingModel: string | undefined;
  start(): Promise<StartedProvider>;
}

export const PROVIDERS: readonly ProviderKind[] = [
  { id: 'fake', model: 'echo', embeddingModel: 'embed', start: async () => ({ config: {}, mock: undefined }) },
];
