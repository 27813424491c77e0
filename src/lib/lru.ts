/** A least-recently-used map bounded by the bytes its values are said to weigh. */

export interface Lru<V> {
  get(key: string): V | undefined;
  set(key: string, value: V, bytes: number): void;
  clear(): void;
}

/** Values heavier than `maxBytes` are not kept at all. */
export function createLru<V>(maxBytes: number): Lru<V> {
  const entries = new Map<string, { value: V; bytes: number }>();
  let total = 0;
  /** The key used last, which need not be moved to the end: it is there. */
  let newest: string | undefined;
  const drop = (key: string): void => {
    total -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  };
  return {
    get(key) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (key !== newest) {
        entries.delete(key);
        entries.set(key, entry);
        newest = key;
      }
      return entry.value;
    },
    set(key, value, bytes) {
      drop(key);
      if (bytes > maxBytes) return;
      entries.set(key, { value, bytes });
      newest = key;
      total += bytes;
      for (const oldest of entries.keys()) {
        if (total <= maxBytes) break;
        drop(oldest);
      }
    },
    clear() {
      entries.clear();
      total = 0;
    },
  };
}
