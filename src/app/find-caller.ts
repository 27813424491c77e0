/** Who somebody is who calls, by their id: for questions about keys and people of whom nobody presents anything. */

import type { KeyDirectory, KnownKey } from '../contracts/caller.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import { findPerson, PERSON_PREFIX } from '../pipeline/authorization/own-tokens.ts';
import { readFileKey } from '../pipeline/directory/file-key.ts';

export type CallerDirectory = Pick<KeyDirectory, 'keys' | 'aboveUser' | 'findUser' | 'findTeam'>;
export type CallerConfig = Pick<GatewayConfig, 'keys' | 'authorization' | 'authorizationServer'>;

/**
 * A key of the store or of the file; of several secrets, the one that is good for longest. Or `user:ID`, a person who comes with a
 * token of our authorization server. Undefined: none is in force.
 */
export function findInForce(directory: CallerDirectory, config: CallerConfig, keyId: string): KnownKey | undefined {
  const lasting = ({ expiresAtMs }: KnownKey): number => expiresAtMs ?? Number.POSITIVE_INFINITY;
  let found: KnownKey | undefined;
  for (const { key } of directory.keys())
    if (key.keyId === keyId && (found === undefined || lasting(key) > lasting(found))) found = key;
  if (found !== undefined) return found;
  if (keyId.startsWith(PERSON_PREFIX) && config.authorizationServer !== undefined) {
    const access = config.authorization?.access ?? { allow: [], deny: [] };
    const person = findPerson(directory, keyId.slice(PERSON_PREFIX.length), access);
    return person && { ...person, expiresAtMs: undefined };
  }
  const ofFile = config.keys.find(({ name }) => `config:${name}` === keyId);
  return ofFile && readFileKey(ofFile, directory);
}
