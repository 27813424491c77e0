/** The answer to `server/discover`, from what the pipeline says the caller will find behind this endpoint. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText } from '../../../contracts/json.ts';
import { memberText } from '../../../lib/json-text.ts';
import { META, SUPPORTED_VERSIONS } from './wire.ts';

/** `opened` is the outcome of `session.open`: capabilities and perhaps instructions. */
export function encodeDiscover(opened: JsonText, serverInfo: JsonText): JsonText {
  const capabilities = memberText(opened, 'capabilities');
  if (capabilities === undefined) throw new GatewayError('internal');
  const instructions = memberText(opened, 'instructions');
  const parts = [
    '"resultType":"complete"',
    `"supportedVersions":${JSON.stringify(SUPPORTED_VERSIONS)}`,
    `"capabilities":${capabilities}`,
    ...(instructions === undefined ? [] : [`"instructions":${instructions}`]),
    // Servers come and go while we run, and nothing announces that discover changed: it may not be kept.
    '"ttlMs":0',
    '"cacheScope":"private"',
    `"_meta":{${JSON.stringify(META.serverInfo)}:${serverInfo}}`,
  ];
  return `{${parts.join(',')}}`;
}
