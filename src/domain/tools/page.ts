/** Pages of a list: cursors name the last item seen, so they stay good while the list changes around them. */

import type { CatalogItem } from './catalog.ts';

export interface Page {
  readonly items: readonly CatalogItem[];
  readonly nextCursor: string | undefined;
}

function encodeCursor(list: string, last: string): string {
  return Buffer.from(JSON.stringify([list, last])).toString('base64url');
}

function decodeCursor(list: string, cursor: string): string | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (
      Array.isArray(value) &&
      value.length === 2 &&
      value[0] === list &&
      typeof value[1] === 'string' &&
      encodeCursor(list, value[1]) === cursor
    )
      return value[1];
  } catch {}
  return undefined;
}

/**
 * The page after `cursor` (undefined: the first). Returns undefined when the cursor is none of ours for this list, or its
 * item is gone from a list that is not sorted.
 */
export function takePage(
  list: string,
  items: readonly CatalogItem[],
  cursor: string | undefined,
  pageItems: number,
  sorted: boolean,
): Page | undefined {
  let start = 0;
  if (cursor !== undefined) {
    const last = decodeCursor(list, cursor);
    if (last === undefined) return undefined;
    const at = sorted
      ? items.findIndex((item) => item.exposed > last)
      : items.findIndex((item) => item.exposed === last) + 1;
    if (!sorted && at === 0) return undefined;
    start = at === -1 ? items.length : at;
  }
  const page = items.slice(start, start + pageItems);
  const final = page[page.length - 1];
  return {
    items: page,
    nextCursor: final !== undefined && start + pageItems < items.length ? encodeCursor(list, final.exposed) : undefined,
  };
}
