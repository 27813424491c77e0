/** The ledger of suggestions as the pipeline uses it: the store, what is sealed in it, and how long things last. */

import type { Approval, ApprovalStore } from '../../contracts/approvals.ts';
import type { CallSignal } from '../../contracts/call-signal.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { RecordSealer } from '../../contracts/sealing.ts';
import type { ExecutionResult, Suggestion, SuggestionStore } from '../../contracts/suggestions.ts';

/** Longer arguments, and longer answers, are not kept. Characters. */
const MAX_ARGUMENT_CHARS = 262_144;
const MAX_RESULT_CHARS = 8_388_608;
/** How long a second request for what is being carried out waits for the end. */
const MAX_WAIT_MS = 60_000;
const FIRST_LOOK_MS = 25;
const LONGEST_LOOK_MS = 500;

export interface Ledger {
  readonly store: SuggestionStore;
  /** Undefined: they cannot be kept. */
  sealArguments(id: string, text: JsonText): string | undefined;
  openArguments(suggestion: Pick<Suggestion, 'id' | 'sealedArguments'>): JsonText | undefined;
  sealResult(id: string, result: ExecutionResult): string | undefined;
  /**
   * What became of something that was carried out, or is being: waits for its end, also in another process. Throws GatewayError
   * `outcome_unknown`, `suggestion_withdrawn`, `execution_running`.
   */
  resultOf(suggestion: Suggestion, signal: CallSignal): Promise<ExecutionResult>;
}

export interface LedgerDeps {
  readonly store: SuggestionStore;
  /** Says why something was withdrawn. */
  readonly approvals?: Pick<ApprovalStore, 'ofSuggestion'> | undefined;
  readonly sealer: RecordSealer;
  /** Resolves after that time, or at once when the signal is aborted. */
  readonly sleep: (ms: number, signal: CallSignal) => Promise<void>;
  readonly monotonicMs: () => number;
}

/** What is told of a call that a person rejected. */
export function rejected({ id, suggestionId, votes }: Approval): GatewayError {
  const reason = votes.findLast(({ vote }) => vote === 'reject')?.reason;
  return new GatewayError('approval_rejected', reason, {
    data: { approvalId: id, suggestionId, ...(reason !== undefined && { reason }) },
  });
}

export function createLedger({ store, approvals, sealer, sleep, monotonicMs }: LedgerDeps): Ledger {
  const seal = (text: string, boundTo: string): string | undefined =>
    sealer.refusal() === undefined ? sealer.seal(text, boundTo) : undefined;

  const read = (suggestion: Suggestion): ExecutionResult => {
    const { id, sealedResult } = suggestion;
    const text = sealedResult === undefined ? undefined : sealer.open(sealedResult, `suggestion result ${id}`);
    if (text !== undefined) return JSON.parse(text) as ExecutionResult;
    throw new GatewayError('outcome_unknown', 'it was carried out, but its answer was not kept', {
      data: { suggestionId: id },
    });
  };

  return {
    store,
    sealArguments: (id, text) =>
      text.length > MAX_ARGUMENT_CHARS ? undefined : seal(text, `suggestion arguments ${id}`),
    openArguments: ({ id, sealedArguments }) =>
      sealedArguments === undefined ? undefined : sealer.open(sealedArguments, `suggestion arguments ${id}`),
    sealResult: (id, result) =>
      result.text.length > MAX_RESULT_CHARS ? undefined : seal(JSON.stringify(result), `suggestion result ${id}`),
    async resultOf(suggestion, signal) {
      const until = monotonicMs() + MAX_WAIT_MS;
      let now: Suggestion | undefined = suggestion;
      let pauseMs = FIRST_LOOK_MS;
      while (now?.state === 'running') {
        if (signal.aborted) throw new GatewayError('cancelled');
        if (monotonicMs() >= until)
          throw new GatewayError('execution_running', undefined, { data: { retryAfterMs: 1_000 } });
        await sleep(pauseMs, signal);
        pauseMs = Math.min(2 * pauseMs, LONGEST_LOOK_MS);
        now = await store.find(suggestion.id);
      }
      switch (now?.state) {
        case 'done':
          return read(now);
        case 'unknown':
          throw new GatewayError('outcome_unknown', 'nobody heard how it ended, so it is not tried again', {
            data: { suggestionId: suggestion.id },
          });
        case 'withdrawn': {
          const approval = await approvals?.ofSuggestion(suggestion.id);
          if (approval?.state === 'rejected') throw rejected(approval);
          throw new GatewayError('suggestion_withdrawn', undefined, { data: { suggestionId: suggestion.id } });
        }
        case 'open':
          // Whoever had it gave it back before anything was sent.
          throw new GatewayError('execution_running', 'it was given back: ask again', { data: { retryAfterMs: 0 } });
        default:
          throw new GatewayError('unknown_suggestion');
      }
    },
  };
}
