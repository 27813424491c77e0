/** One object for all that are equal: there may be thousands of keys, and few kinds of them. Views are kept by their identity, too. */

export interface Sharing {
  /** The first of all values with the same JSON. */
  share<T extends object>(value: T): T;
  /** The first of all lists of the same members, in the same order. */
  shareList<T extends object>(list: readonly T[]): readonly T[];
}

/** More kinds than this, and it begins anew: equal ones made before and after are two objects then, which only costs memory. */
const MAX_SHARED = 100_000;

export function createSharing(): Sharing {
  const byText = new Map<string, object>();
  const ids = new WeakMap<object, number>();
  let lastId = 0;
  const find = <T extends object>(text: string, value: T): T => {
    const known = byText.get(text);
    if (known !== undefined) return known as T;
    if (byText.size >= MAX_SHARED) byText.clear();
    byText.set(text, value);
    return value;
  };
  const idOf = (value: object): number => {
    let id = ids.get(value);
    if (id === undefined) {
      id = ++lastId;
      ids.set(value, id);
    }
    return id;
  };
  return {
    share: (value) => find(JSON.stringify(value), value),
    shareList: (list) => find(`list ${list.map(idOf).join(' ')}`, list),
  };
}
