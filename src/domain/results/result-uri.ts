/** Addresses of results that are kept to be read in pieces: `portcullis://results/<id>?path=&from=&bytes=`. */

import { GatewayError } from '../../contracts/errors.ts';

const PREFIX = 'portcullis://results/';
const ID = /^[0-9a-f]{32}$/;

export const DEFAULT_PAGE_BYTES = 32_768;
export const MAX_PAGE_BYTES = 1_048_576;

/** What of a result is to be read. */
export interface ResultPart {
  readonly id: string;
  /** JSON pointer; '' is the whole result. */
  readonly path: string;
  /** Offset in the UTF-8 of what `path` names. */
  readonly from: number;
  readonly bytes: number;
}

/** `id`: 32 lower-case hex digits. */
export function resultUri(id: string, part: Partial<Omit<ResultPart, 'id'>> = {}): string {
  const query: string[] = [];
  if (part.path) query.push(`path=${encodeURIComponent(part.path).replaceAll('%2F', '/')}`);
  if (part.from) query.push(`from=${part.from}`);
  if (part.bytes !== undefined && part.bytes !== DEFAULT_PAGE_BYTES) query.push(`bytes=${part.bytes}`);
  return `${PREFIX}${id}${query.length > 0 ? `?${query.join('&')}` : ''}`;
}

/** Undefined: no address of this kind. Throws GatewayError `invalid_params` if it is one with a wrong query. */
export function parseResultUri(uri: string): ResultPart | undefined {
  if (!uri.startsWith(PREFIX)) return undefined;
  const [id = '', query = ''] = splitOnce(uri.slice(PREFIX.length), '?');
  if (!ID.test(id)) return undefined;
  const part = { id, path: '', from: 0, bytes: DEFAULT_PAGE_BYTES };
  for (const [name, value] of new URLSearchParams(query)) {
    if (name === 'path' && (value === '' || value.startsWith('/'))) part.path = value;
    else if (name === 'from' && isCount(value, 0, Number.MAX_SAFE_INTEGER)) part.from = Number(value);
    else if (name === 'bytes' && isCount(value, 1, MAX_PAGE_BYTES)) part.bytes = Number(value);
    else
      throw new GatewayError(
        'invalid_params',
        `a result is read with ?path=/json/pointer, from=0 or more, bytes=1 to ${MAX_PAGE_BYTES}`,
      );
  }
  return part;
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function isCount(text: string, min: number, max: number): boolean {
  return /^\d{1,16}$/.test(text) && Number(text) >= min && Number(text) <= max;
}
