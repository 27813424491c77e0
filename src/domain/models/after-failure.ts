/** What is tried after each way a provider can fail. The guide shows this table to users. */

import type { ProviderFailureKind } from '../../contracts/models.ts';

export interface AfterFailure {
  /**
   * Where the call goes on, once the same target has nothing left to try: another target of the stage (or the next stage), only
   * the next stage, or nowhere: the caller is told.
   */
  readonly next: 'target' | 'stage' | 'nowhere';
  /** The same target again: with another key at once, with any key after a pause, or not. */
  readonly again: 'other-key' | 'later' | 'no';
  /** Whether the provider did something wrong, for its circuit and its share of calls. */
  readonly blames: 'target' | 'key' | 'nobody';
  /** A request with side effects (an upload) may have had them: it is not sent twice. */
  readonly mayHaveActed: boolean;
}

const NOT_NOW = { again: 'later', next: 'target', blames: 'target' } as const;

export const AFTER_FAILURE: { readonly [kind in ProviderFailureKind]: AfterFailure } = {
  'rate-limited': { again: 'other-key', next: 'target', blames: 'key', mayHaveActed: false },
  'quota-exceeded': { again: 'other-key', next: 'target', blames: 'key', mayHaveActed: false },
  unauthorized: { again: 'other-key', next: 'target', blames: 'key', mayHaveActed: false },
  overloaded: { ...NOT_NOW, mayHaveActed: false },
  unreachable: { ...NOT_NOW, mayHaveActed: false },
  'server-error': { ...NOT_NOW, mayHaveActed: true },
  'connection-lost': { ...NOT_NOW, mayHaveActed: true },
  malformed: { ...NOT_NOW, mayHaveActed: true },
  // Whoever waited so long does not want to wait as long again for the same, and it may have been charged.
  timeout: { again: 'no', next: 'target', blames: 'target', mayHaveActed: true },
  'unknown-model': { again: 'no', next: 'target', blames: 'nobody', mayHaveActed: false },
  unsupported: { again: 'no', next: 'target', blames: 'nobody', mayHaveActed: false },
  // The targets of a stage stand for one model; a fallback may be a larger one.
  'context-too-long': { again: 'no', next: 'stage', blames: 'nobody', mayHaveActed: false },
  'invalid-request': { again: 'no', next: 'nowhere', blames: 'nobody', mayHaveActed: false },
  // Who is filtered here is not to be taken to somebody who filters less.
  'content-filtered': { again: 'no', next: 'nowhere', blames: 'nobody', mayHaveActed: false },
  cancelled: { again: 'no', next: 'nowhere', blames: 'nobody', mayHaveActed: false },
};
