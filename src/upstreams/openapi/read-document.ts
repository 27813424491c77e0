/** Fetches the text of a document, from a file or an address, bounded in bytes and time; says when it has not changed. */

import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { STATUS_CODES } from 'node:http';
import { GatewayError } from '../../contracts/errors.ts';
import type { HttpClient } from '../http/client.ts';
import type { Credentials } from './api-target.ts';
import { DocumentUnavailableError } from './document-error.ts';
import { MAX_DOCUMENT_BYTES } from './parse-document.ts';
import { sendRequest } from './send-request.ts';

const READ_TIMEOUT_MS = 30_000;

export interface DocumentText {
  readonly text: string;
  /** What this version is called: by the server that has it, or made up of a file's times and size. */
  readonly etag: string | undefined;
}

export interface ReadDocumentDeps {
  readonly http: HttpClient;
  readonly userAgent: string;
  /** Sent along where the document is at the configured origin of the API. */
  readonly credentials: Credentials | undefined;
}

/** `place` is a file or a URL. Undefined: it is still what the etag `known` names. Throws DocumentUnavailableError. */
export async function readDocument(
  deps: ReadDocumentDeps,
  place: string | URL,
  known: string | undefined,
): Promise<DocumentText | undefined> {
  if (typeof place === 'string') return readFileText(place, known);
  return readUrl(deps, place, known);
}

/** Without query, which may hold a credential. */
export function showPlace(place: string | URL): string {
  return typeof place === 'string' ? place : place.origin + place.pathname;
}

async function readFileText(file: string, known: string | undefined): Promise<DocumentText | undefined> {
  try {
    // Before it is opened: opening a pipe waits for whoever writes into it.
    const found = await stat(file);
    if (!found.isFile()) throw new Error('it is no file');
    if (found.size > MAX_DOCUMENT_BYTES) throw new Error(`it is larger than ${MAX_DOCUMENT_BYTES} bytes`);
    const etag = stampOf(found);
    return etag === known ? undefined : { text: decode(await readFile(file)), etag };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file' : (code ?? message);
    throw new DocumentUnavailableError(`the document ${file} cannot be read: ${reason}`, { cause: error });
  }
}

/** Undefined while there is no such file. */
export async function readStamp(file: string): Promise<string | undefined> {
  const found = await stat(file).catch(() => undefined);
  return found === undefined ? undefined : stampOf(found);
}

function stampOf({ mtimeMs, ctimeMs, size, ino }: Stats): string {
  return [mtimeMs, ctimeMs, size, ino].join(' ');
}

async function readUrl(
  { http, userAgent, credentials }: ReadDocumentDeps,
  url: URL,
  etag: string | undefined,
): Promise<DocumentText | undefined> {
  const fail = (reason: string, cause?: unknown): DocumentUnavailableError =>
    new DocumentUnavailableError(`the document ${showPlace(url)} cannot be read: ${reason}`, { cause });
  const query = credentials?.query.map((pair) => pair.join('=')).join('&') ?? '';
  const headers = new Map([
    ['accept', 'application/json, application/yaml, text/yaml;q=0.9, */*;q=0.5'],
    ['accept-encoding', 'identity'],
    ['user-agent', userAgent],
    ...(credentials?.headers ?? []),
    ...(credentials?.cookie === undefined ? [] : [['cookie', credentials.cookie] as const]),
    ...(etag === undefined ? [] : [['if-none-match', etag] as const]),
  ]);
  const path = url.pathname + url.search + (query === '' ? '' : `${url.search === '' ? '?' : '&'}${query}`);
  const signal = AbortSignal.timeout(READ_TIMEOUT_MS);
  try {
    const answer = await sendRequest(
      http,
      { method: 'GET', origin: url.origin, path, headers: [...headers].flat(), body: undefined },
      { maxBytes: MAX_DOCUMENT_BYTES, signal },
    );
    if (answer.status === 304 && etag !== undefined) return undefined;
    if (answer.status >= 300 && answer.status < 400) throw fail('it redirects to another address; name that one');
    if (answer.status !== 200) throw fail(`HTTP ${answer.status} ${STATUS_CODES[answer.status] ?? ''}`.trim());
    if (answer.isCut) throw fail(`it is larger than ${MAX_DOCUMENT_BYTES} bytes`);
    return { text: decode(answer.body), etag: answer.headers.etag };
  } catch (error) {
    if (error instanceof DocumentUnavailableError) throw error;
    if (signal.aborted) throw fail(`no answer within ${READ_TIMEOUT_MS} ms`, error);
    const { cause } = error as GatewayError;
    const code = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.name) : undefined;
    throw fail(code ?? (error instanceof GatewayError ? error.message : 'unknown error'), error);
  }
}

function decode(bytes: Buffer): string {
  return new TextDecoder().decode(bytes);
}
