/** Variables and waiting scripts in this process alone: for a gateway that may store none. */

import type { CodeState, CodeStateStore } from '../../contracts/codemode.ts';
import { createLru } from '../../lib/lru.ts';

const MAX_CHARS = 67_108_864;

export function createMemoryCodeStates(maxChars = MAX_CHARS): CodeStateStore {
  const kept = createLru<CodeState>(maxChars);
  const look = (id: string, kind: CodeState['kind'], keyId: string, nowMs: number): CodeState | undefined => {
    const found = kept.get(id);
    return found?.kind === kind && found.keyId === keyId && found.expiresAtMs > nowMs ? found : undefined;
  };
  return {
    async put(state) {
      const known = kept.get(state.id);
      if (known !== undefined && (known.keyId !== state.keyId || known.kind !== state.kind)) return false;
      kept.set(state.id, state, state.sealed.length + state.id.length);
      return true;
    },
    find: async (id, kind, keyId, nowMs) => look(id, kind, keyId, nowMs),
    async take(id, kind, keyId, nowMs) {
      const found = look(id, kind, keyId, nowMs);
      if (found !== undefined) kept.delete(id);
      return found;
    },
    // The least recently used go by themselves.
    dropExpired: async () => 0,
  };
}
