/** A server's JSON-RPC error towards a modern client: verbatim, except for codes that would lie on this hop or this era. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText } from '../../../contracts/json.ts';
import { memberText, withMembers } from '../../../lib/json-text.ts';

const METHOD_NOT_FOUND = -32601;
const INVALID_PARAMS = '-32602';
const LEGACY_RESOURCE_NOT_FOUND = -32002;
const LEGACY_URL_ELICITATION = -32042;
const HEADER_MISMATCH = -32020;
const MISSING_CAPABILITY = -32021;
const UNSUPPORTED_VERSION = -32022;

function parseMember(text: JsonText, key: string): unknown {
  const member = memberText(text, key);
  return member === undefined ? undefined : JSON.parse(member);
}

/**
 * Error object and HTTP status. In-band errors are 200, as the official SDK server answers them; the two codes the
 * specification ties to a status get it. `uri` is the resource that was asked for, if it was one.
 * Throws GatewayError for what cannot be passed on.
 */
export function encodeUpstreamError(text: JsonText, uri: string | undefined): { status: number; error: JsonText } {
  let code: unknown;
  let message: unknown;
  let hasData = false;
  try {
    code = parseMember(text, 'code');
    message = parseMember(text, 'message');
    hasData = memberText(text, 'data') !== undefined;
  } catch (cause) {
    throw new GatewayError('upstream_failed', 'its error is ambiguous', { cause });
  }
  // A client's parser drops such an error, and its caller waits until the timeout.
  if (!Number.isInteger(code) || typeof message !== 'string')
    throw new GatewayError('upstream_failed', 'its error has no code or message');

  switch (code) {
    case METHOD_NOT_FOUND:
      return { status: 404, error: text };
    case MISSING_CAPABILITY:
      return { status: 400, error: text };
    case LEGACY_RESOURCE_NOT_FOUND: {
      const data = hasData || uri === undefined ? {} : { data: JSON.stringify({ uri }) };
      return { status: 200, error: withMembers(text, { code: INVALID_PARAMS, ...data }) };
    }
    case LEGACY_URL_ELICITATION:
      throw new GatewayError('cross_era_unsupported', 'it asked for a URL elicitation');
    case HEADER_MISMATCH:
    case UNSUPPORTED_VERSION:
      // About our request to it, not about the client's to us.
      throw new GatewayError('upstream_failed', `it refused our protocol headers (${code})`);
    default:
      return { status: 200, error: text };
  }
}
