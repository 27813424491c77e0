/** Tells the operator of keys of the file that nobody can use, since the user they belong to is not there or switched off. */

import type { KeyDirectory } from '../../contracts/caller.ts';
import type { GatewayConfig } from '../../contracts/config.ts';
import type { Log } from '../../contracts/log.ts';
import { readFileKey } from './file-key.ts';

export function reportUsers(
  {
    directory,
    log,
  }: { readonly directory: Pick<KeyDirectory, 'aboveUser'>; readonly log?: Pick<Log, 'warn'> | undefined },
  keys: GatewayConfig['keys'],
): void {
  for (const key of keys)
    if (readFileKey(key, directory) === undefined)
      log?.warn('a key of the file can be used by nobody: there is no such user, or they are switched off', {
        ...{ key: key.name, user: key.user?.name },
      });
}
