/** Fetches the metadata of a client from the address that is its id. The address is a stranger's, so only public ones are reached. */

import { createFetchWithin } from './guarded-fetch.ts';

const FETCH_MS = 8_000;
const MAX_DOCUMENT_CHARS = 16_384;
const LOOPBACK_HOST = /^(localhost|127\.0\.0\.1|\[::1\])$/;

export interface FetchedDocument {
  readonly text: string;
  /** Value of Cache-Control; undefined: there is none. */
  readonly cacheControl: string | undefined;
}

/** Rejects with an Error for the client's developer. No redirect is followed: the id is where the document is. */
export async function fetchClientDocument(
  url: string,
  options: { readonly allowLoopback: boolean },
): Promise<FetchedDocument> {
  const isLocal = options.allowLoopback && LOOPBACK_HOST.test(new URL(url).hostname);
  const fetchOnce = createFetchWithin(isLocal ? 'loopback' : 'public', AbortSignal.timeout(FETCH_MS));
  const answer = await fetchOnce(url, { headers: { accept: 'application/json' }, redirect: 'manual' });
  if (answer.status !== 200) throw new Error(`it was answered with status ${answer.status}, not 200`);
  const type = answer.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (type !== 'application/json' && !type.endsWith('+json')) throw new Error('it is not application/json');
  const text = await answer.text();
  if (text.length > MAX_DOCUMENT_CHARS) throw new Error(`it is longer than ${MAX_DOCUMENT_CHARS} characters`);
  return { text, cacheControl: answer.headers.get('cache-control') ?? undefined };
}
