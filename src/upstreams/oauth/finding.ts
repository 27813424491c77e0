/** What is found out about a sign-in at a server, and how documents are looked for. */

import { isObject } from '../../lib/is-object.ts';
import type { FetchLike } from './guarded-fetch.ts';
import { describeFailure } from './refresh-tokens.ts';

export type Step =
  | 'server'
  | 'resource metadata'
  | 'authorization server metadata'
  | 'registration'
  | 'authorization request'
  | 'token exchange'
  | 'token'
  | 'refresh';

export interface Finding {
  readonly step: Step;
  /** `skipped`: nothing could be found out, and nothing need be wrong. */
  readonly verdict: 'ok' | 'wrong' | 'skipped';
  readonly text: string;
  readonly remedy?: string | undefined;
}

export type Say = (step: Step, verdict: Finding['verdict'], text: string, remedy?: string) => void;
export type Members = { readonly [member: string]: unknown };

interface Document {
  readonly url: string;
  readonly status: number | undefined;
  readonly json: { readonly [member: string]: unknown } | undefined;
  readonly problem: string | undefined;
}

/** The first that is there; `tried`: what became of the others. */
export async function firstOf(
  fetchFn: FetchLike,
  urls: readonly string[],
): Promise<{ readonly found: Document | undefined; readonly tried: string }> {
  const tried: string[] = [];
  for (const url of urls) {
    const document = await readDocument(fetchFn, url);
    if (document.json !== undefined) return { found: document, tried: '' };
    tried.push(`${url}: ${document.problem}`);
  }
  return { found: undefined, tried: tried.join(', ') };
}

async function readDocument(fetchFn: FetchLike, url: string): Promise<Document> {
  try {
    const response = await fetchFn(url, { headers: { accept: 'application/json' } });
    if (response.status !== 200)
      return { url, status: response.status, json: undefined, problem: `${response.status}` };
    const json: unknown = JSON.parse(await response.text());
    return isObject(json)
      ? { url, status: 200, json, problem: undefined }
      : { url, status: 200, json: undefined, problem: 'no JSON object' };
  } catch (error) {
    const problem = error instanceof SyntaxError ? 'no JSON' : describeFailure(error);
    return { url, status: undefined, json: undefined, problem };
  }
}
