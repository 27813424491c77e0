/** Variables between runs and scripts that wait: sealed where they are stored, in memory alone where nothing may be. */

import type { CodeState, CodeStateStore } from '../../contracts/codemode.ts';
import type { RecordSealer } from '../../contracts/sealing.ts';

export interface KeptStates {
  /** False: the id is somebody else's. */
  put(state: Omit<CodeState, 'sealed'> & { readonly text: string }): Promise<boolean>;
  find(id: string, kind: CodeState['kind'], keyId: string): Promise<string | undefined>;
  /** Found and gone in one. */
  take(id: string, kind: CodeState['kind'], keyId: string): Promise<string | undefined>;
  /** Whether what is put there is found by other processes, and after a restart. */
  readonly isLasting: boolean;
}

const boundTo = (kind: string, id: string): string => `code ${kind} ${id}`;

export function createKeptStates(deps: {
  /** Undefined: there is none. */
  readonly store: CodeStateStore | undefined;
  /** What is in it leaves this process never, and is not sealed. */
  readonly memory: CodeStateStore;
  readonly sealer: RecordSealer | undefined;
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
}): KeptStates {
  const { memory, sealer, now } = deps;
  const isLasting = deps.store !== undefined && sealer !== undefined && sealer.refusal() === undefined;
  const store = isLasting && deps.store !== undefined ? deps.store : memory;

  const open = (state: CodeState | undefined): string | undefined => {
    if (state === undefined) return undefined;
    return isLasting ? sealer?.open(state.sealed, boundTo(state.kind, state.id)) : state.sealed;
  };

  return {
    isLasting,
    put({ text, ...state }) {
      const sealed = isLasting && sealer !== undefined ? sealer.seal(text, boundTo(state.kind, state.id)) : text;
      return store.put({ ...state, sealed });
    },
    find: async (id, kind, keyId) => open(await store.find(id, kind, keyId, now())),
    take: async (id, kind, keyId) => open(await store.take(id, kind, keyId, now())),
  };
}
