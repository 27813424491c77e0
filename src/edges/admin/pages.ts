/** Lists in pages: their parameters, their cursors, and the store's lists behind them. */

import { z } from 'zod';
import { GatewayError } from '../../contracts/errors.ts';
import type { ObjectKind, ObjectStore, StoredObject } from '../../contracts/objects.ts';

const MAX_PAGE = 500;

export const PageQuery = {
  limit: z
    .string()
    .regex(/^\d{1,16}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(MAX_PAGE))
    .default(100)
    .describe(`Most items on a page, 1 to ${MAX_PAGE}. Default 100.`),
  cursor: z.string().max(1_000).optional().describe('`nextCursor` of the page before.'),
};

/** Of a page; `nextCursor` is null on the last. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() });

export function encodeCursor(list: string, after: string | number): string {
  return Buffer.from(JSON.stringify([list, after])).toString('base64url');
}

/** Throws GatewayError `invalid_cursor` unless it is one of that list. */
export function decodeCursor(list: string, cursor: string): string | number {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'));
  } catch {
    throw new GatewayError('invalid_cursor');
  }
  if (!Array.isArray(value) || value.length !== 2 || value[0] !== list) throw new GatewayError('invalid_cursor');
  const after: unknown = value[1];
  if (typeof after === 'string' && /^[\w.:@-]{1,200}$/.test(after)) return after;
  if (Number.isSafeInteger(after)) return after as number;
  throw new GatewayError('invalid_cursor');
}

/** A page of what the store has of a kind, with the cursor of the next. */
export async function pageOfObjects(
  objects: Pick<ObjectStore, 'list'>,
  kind: ObjectKind,
  {
    limit,
    cursor,
    namePrefix,
    where,
  }: {
    readonly limit: number;
    readonly cursor: string | undefined;
    readonly namePrefix?: string | undefined;
    readonly where?: { readonly [member: string]: string | undefined };
  },
): Promise<{ readonly found: readonly StoredObject[]; readonly nextCursor: string | undefined }> {
  const after = cursor === undefined ? undefined : decodeCursor(kind, cursor);
  if (typeof after === 'number') throw new GatewayError('invalid_cursor');
  const wanted = Object.entries(where ?? {}).flatMap(([member, value]) =>
    value === undefined ? [] : [[member, value] as const],
  );
  // One more than asked for tells whether there is a next page.
  const found = await objects.list(kind, {
    ...{ limit: limit + 1, afterId: after, namePrefix },
    ...(wanted.length > 0 && { where: Object.fromEntries(wanted) }),
  });
  const page = found.slice(0, limit);
  const last = page.at(-1);
  return { found: page, nextCursor: found.length > limit && last ? encodeCursor(kind, last.id) : undefined };
}

const ALL_AT_ONCE = 500;

/** All of a kind, in the order they were made. For what has to be looked through as a whole. */
export async function listAll(
  objects: Pick<ObjectStore, 'list'>,
  kind: ObjectKind,
  where?: { readonly [member: string]: string },
): Promise<readonly StoredObject[]> {
  const all: StoredObject[] = [];
  for (;;) {
    const page = await objects.list(kind, { limit: ALL_AT_ONCE, afterId: all.at(-1)?.id, ...(where && { where }) });
    all.push(...page);
    if (page.length < ALL_AT_ONCE) return all;
  }
}
