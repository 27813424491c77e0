/** Reads one list of a server to its end, page by page, with a bound on everything the server could do about it. */

import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { CacheHint } from '../../contracts/upstream.ts';
import { DuplicateMemberError, elementTexts, memberText } from '../../lib/json-text.ts';
import type { Link } from './link.ts';
import type { ListedItem } from './offered-items.ts';
import { createOwnRequest } from './own-request.ts';

const MAX_PAGES = 1_000;
/** Of all pages together: beyond it no further page is asked for. */
const MAX_LIST_CHARS = 33_554_432;
/** For one page. */
const PAGE_TIMEOUT_MS = 60_000;
const METHOD_NOT_FOUND = -32601;

/** The server answered, but with an error or with something that is no list. Its message may quote the server. */
export class ListError extends Error {
  override readonly name = 'ListError';
}

export interface ListedPages {
  readonly items: readonly ListedItem[];
  /** Of all pages together: the shortest time, the narrower scope; undefined if a page has none. */
  readonly cache: CacheHint | undefined;
}

export interface ListPagesDeps {
  readonly link: Link;
  readonly maxItems: number;
  readonly signal: AbortSignal;
  readonly warn: (fault: string) => void;
}

/** All items of `member` in the answers to `method`. Throws ListError, or GatewayError from the link. */
export async function listPages(deps: ListPagesDeps, method: string, member: string): Promise<ListedPages> {
  const items: ListedItem[] = [];
  const cursors = new Set<string>();
  let cache: CacheHint | undefined;
  let cursor: string | undefined;
  let chars = 0;
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await askPage(deps, method, cursor);
    if (answer === undefined) return { items, cache };
    const hint = readCacheHint(answer.value);
    cache = page === 0 ? hint : mergeHints(cache, hint);
    for (const item of readElements(answer, method, member)) items.push(item);
    if (items.length > deps.maxItems) {
      deps.warn(`${method} gave more than ${deps.maxItems} items; the rest is left out`);
      return { items: items.slice(0, deps.maxItems), cache };
    }
    const next = answer.value.nextCursor;
    // An empty string is a valid cursor.
    if (typeof next !== 'string') return { items, cache };
    if (cursors.has(next)) {
      deps.warn(`${method} gave the same cursor twice; the list ends there`);
      return { items, cache };
    }
    chars += answer.text.length;
    if (chars > MAX_LIST_CHARS) {
      deps.warn(`${method} gave more than ${MAX_LIST_CHARS} characters; the rest is left out`);
      return { items, cache };
    }
    cursors.add(next);
    cursor = next;
  }
  deps.warn(`${method} gave more than ${MAX_PAGES} pages; the rest is left out`);
  return { items, cache };
}

interface PageAnswer {
  readonly text: JsonText;
  readonly value: JsonObject;
}

/** Undefined: the server does not know the method, which counts as an empty list. */
async function askPage(
  deps: ListPagesDeps,
  method: string,
  cursor: string | undefined,
): Promise<PageAnswer | undefined> {
  const reply = await deps.link.request(
    createOwnRequest(method, cursor === undefined ? '{}' : JSON.stringify({ cursor }), {
      signal: deps.signal,
      timeoutMs: PAGE_TIMEOUT_MS,
    }),
  );
  const value = JSON.parse(reply.text) as JsonObject;
  if (reply.type === 'result') return { text: reply.text, value };
  if (value.code === METHOD_NOT_FOUND) return undefined;
  throw new ListError(`${method} was answered with error ${String(value.code)}: ${String(value.message)}`);
}

function readElements(answer: PageAnswer, method: string, member: string): ListedItem[] {
  const values = answer.value[member];
  if (!Array.isArray(values)) throw new ListError(`${method} was answered without ${member}`);
  try {
    const texts = elementTexts(memberText(answer.text, member) ?? '[]');
    return texts.map((text, at) => ({ text, value: values[at] as unknown }));
  } catch (error) {
    if (error instanceof DuplicateMemberError) throw new ListError(`${method}: ${error.message}`);
    throw error;
  }
}

function readCacheHint(value: JsonObject): CacheHint | undefined {
  const ttlMs = value.ttlMs;
  const cacheScope = value.cacheScope;
  if (typeof ttlMs !== 'number' || !Number.isSafeInteger(ttlMs) || ttlMs < 0) return undefined;
  return cacheScope === 'public' || cacheScope === 'private' ? { ttlMs, cacheScope } : undefined;
}

function mergeHints(a: CacheHint | undefined, b: CacheHint | undefined): CacheHint | undefined {
  if (a === undefined || b === undefined) return undefined;
  const cacheScope = a.cacheScope === 'public' && b.cacheScope === 'public' ? 'public' : 'private';
  return { ttlMs: Math.min(a.ttlMs, b.ttlMs), cacheScope };
}
