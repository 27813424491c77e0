/** What a form brought, and where somebody may be sent on to. */

import { GatewayError } from '../../contracts/errors.ts';
import type { Exchange } from '../http/exchange.ts';

const MAX_FORM_BYTES = 16_384;
/** What a client sends a browser with, whose id may be an address, is kept over a sign-in as one path. */
const MAX_PATH_CHARS = 6_000;

/** Fields of a form, the first of each name. Throws GatewayError `unsupported_media_type`, `body_too_large`. */
export async function readForm(exchange: Exchange): Promise<(name: string) => string> {
  const type = exchange.header('content-type')?.split(';')[0]?.trim().toLowerCase();
  if (type !== 'application/x-www-form-urlencoded')
    throw new GatewayError('unsupported_media_type', 'a form is expected here');
  // Browsers say how long a form is; what does not may be of any length.
  const length = exchange.header('content-length');
  if (length === undefined || Number(length) > MAX_FORM_BYTES)
    throw new GatewayError('body_too_large', `at most ${MAX_FORM_BYTES} bytes`);
  const fields = new URLSearchParams((await exchange.bytes()).toString('utf8'));
  return (name) => fields.get(name) ?? '';
}

/** A path of ours; undefined: anything else, which could lead to somebody else's page. */
export function safePath(text: string | null | undefined): string | undefined {
  if (text === null || text === undefined || text.length > MAX_PATH_CHARS || !/^\/(?![/\\])[\x21-\x7e]*$/.test(text))
    return undefined;
  const base = 'http://gateway.invalid';
  if (!URL.canParse(text, base)) return undefined;
  const url = new URL(text, base);
  // Browsers read `\` as `/`; and nobody is sent back to where they came from.
  if (url.origin !== base || text.includes('\\') || /^\/(login|logout|invite)(\/|$)/.test(url.pathname))
    return undefined;
  return `${url.pathname}${url.search}${url.hash}`;
}
