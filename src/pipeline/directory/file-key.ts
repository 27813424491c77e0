/** A key of the configuration file as it is handed out: by itself, or with the user it belongs to, who is not in the file. */

import type { KeyDirectory, KnownKey } from '../../contracts/caller.ts';
import type { ConfigKey } from '../../contracts/config-people.ts';

/** Undefined: its user is not there, or switched off, so nobody may use it. */
export function readFileKey(key: ConfigKey, directory: Pick<KeyDirectory, 'aboveUser'>): KnownKey | undefined {
  const { name, grant, limits, user } = key;
  const own = { keyId: `config:${name}`, keyName: name, grant, limits, expiresAtMs: undefined };
  const above = user === undefined ? key : directory.aboveUser?.(user.name, key.levels ?? [], user.labels);
  if (above === undefined) return undefined;
  return {
    ...own,
    ...(above.levels !== undefined && { levels: above.levels }),
    ...(above.labels !== undefined && { labels: above.labels }),
  };
}
