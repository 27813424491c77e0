/** Whole results whose shortened form went out: in memory, for a while, each for the caller it belongs to. */

import type { JsonText } from '../contracts/json.ts';

export interface KeptResult {
  readonly keyId: string;
  /** From `endpointKey`: it is read where it was got. */
  readonly endpoint: string;
  readonly serverId: string;
  readonly tool: string;
  readonly text: JsonText;
}

export interface KeptResults {
  /** Its id; undefined: too large for `maxBytes`. The oldest make room, those of the same key once it has half of it. */
  keep(result: KeptResult, bounds: { readonly keepMs: number; readonly maxBytes: number }): string | undefined;
  find(id: string): KeptResult | undefined;
}

const MAX_RESULTS = 10_000;
const ID_DIGITS = 32;

interface Entry {
  readonly result: KeptResult;
  readonly bytes: number;
  readonly expiresMs: number;
}

export function createKeptResults(deps: {
  monotonicMs: () => number;
  randomHex: (digits: number) => string;
}): KeptResults {
  /** In the order they were kept. */
  const entries = new Map<string, Entry>();
  const bytesOfKey = new Map<string, number>();
  let total = 0;

  const drop = (id: string, { result, bytes }: Entry): void => {
    entries.delete(id);
    total -= bytes;
    const left = (bytesOfKey.get(result.keyId) ?? 0) - bytes;
    if (left > 0) bytesOfKey.set(result.keyId, left);
    else bytesOfKey.delete(result.keyId);
  };

  return {
    keep(result, { keepMs, maxBytes }) {
      const now = deps.monotonicMs();
      // A character takes one byte or two.
      const bytes = 2 * result.text.length;
      if (bytes > maxBytes / 2) return undefined;
      for (const [id, entry] of entries) if (entry.expiresMs <= now) drop(id, entry);
      for (const [id, entry] of entries) {
        if ((bytesOfKey.get(result.keyId) ?? 0) + bytes <= maxBytes / 2) break;
        if (entry.result.keyId === result.keyId) drop(id, entry);
      }
      for (const [id, entry] of entries) {
        if (total + bytes <= maxBytes && entries.size < MAX_RESULTS) break;
        drop(id, entry);
      }
      const id = deps.randomHex(ID_DIGITS);
      entries.set(id, { result, bytes, expiresMs: now + keepMs });
      total += bytes;
      bytesOfKey.set(result.keyId, (bytesOfKey.get(result.keyId) ?? 0) + bytes);
      return id;
    },
    find(id) {
      const entry = entries.get(id);
      if (entry === undefined) return undefined;
      if (entry.expiresMs > deps.monotonicMs()) return entry.result;
      drop(id, entry);
      return undefined;
    },
  };
}
