/** Who a key makes whoever presents it, by the key's id: for questions about keys that nobody presents. */

import type { KeyDirectory, KnownKey } from '../contracts/caller.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import { readFileKey } from '../pipeline/directory/file-key.ts';

/** A key of the store or of the file; of several secrets, the one that is good for longest. Undefined: none is in force. */
export function findInForce(
  directory: Pick<KeyDirectory, 'keys' | 'aboveUser'>,
  { keys }: Pick<GatewayConfig, 'keys'>,
  keyId: string,
): KnownKey | undefined {
  const lasting = ({ expiresAtMs }: KnownKey): number => expiresAtMs ?? Number.POSITIVE_INFINITY;
  let found: KnownKey | undefined;
  for (const { key } of directory.keys())
    if (key.keyId === keyId && (found === undefined || lasting(key) > lasting(found))) found = key;
  if (found !== undefined) return found;
  const ofFile = keys.find(({ name }) => `config:${name}` === keyId);
  return ofFile && readFileKey(ofFile, directory);
}
