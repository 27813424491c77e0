/** Who a key makes whoever presents it, by the key's id: for questions about keys that nobody presents. */

import type { Caller, KeyDirectory } from '../contracts/caller.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import { readFileKey } from '../pipeline/directory/file-key.ts';

/** A key of the store or of the file; undefined: none, or one that is revoked or expired, or whose user is gone. */
export function findCaller(
  directory: Pick<KeyDirectory, 'keys' | 'aboveUser'>,
  config: Pick<GatewayConfig, 'keys'>,
  keyId: string,
): Caller | undefined {
  for (const { key } of directory.keys()) if (key.keyId === keyId) return key;
  return callersOfFile(config, directory).find((caller) => caller.keyId === keyId);
}

/** Those whose keys the file has. */
export function callersOfFile(
  { keys }: Pick<GatewayConfig, 'keys'>,
  directory: Pick<KeyDirectory, 'aboveUser'>,
): readonly Caller[] {
  return keys.flatMap((key) => readFileKey(key, directory) ?? []);
}
