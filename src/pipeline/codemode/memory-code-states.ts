/** Variables and waiting scripts in this process alone: for a gateway that may store none. */

import type { CodeState, CodeStateStore } from '../../contracts/codemode.ts';

/** Beyond it the oldest are forgotten. */
const MAX_CHARS = 67_108_864;

export function createMemoryCodeStates(maxChars = MAX_CHARS): CodeStateStore {
  const kept = new Map<string, CodeState>();
  let chars = 0;
  const drop = (id: string): void => {
    chars -= kept.get(id)?.sealed.length ?? 0;
    kept.delete(id);
  };
  const look = (id: string, kind: CodeState['kind'], keyId: string, nowMs: number): CodeState | undefined => {
    const found = kept.get(id);
    return found?.kind === kind && found.keyId === keyId && found.expiresAtMs > nowMs ? found : undefined;
  };
  return {
    async put(state) {
      const known = kept.get(state.id);
      if (known !== undefined && (known.keyId !== state.keyId || known.kind !== state.kind)) return false;
      drop(state.id);
      kept.set(state.id, state);
      chars += state.sealed.length;
      for (const oldest of kept.keys()) {
        if (chars <= maxChars) break;
        drop(oldest);
      }
      return true;
    },
    find: async (id, kind, keyId, nowMs) => look(id, kind, keyId, nowMs),
    async take(id, kind, keyId, nowMs) {
      const found = look(id, kind, keyId, nowMs);
      if (found !== undefined) drop(id);
      return found;
    },
    async dropExpired(nowMs, limit) {
      const expired = [...kept.values()].filter(({ expiresAtMs }) => expiresAtMs <= nowMs).slice(0, limit);
      for (const { id } of expired) drop(id);
      return expired.length;
    },
    async [Symbol.asyncDispose]() {},
  };
}
