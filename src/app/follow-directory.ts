/** Keeps the live directory up to date with its store, and says when there is news of keys or people. */

import type { Log } from '../contracts/log.ts';
import type { ObjectStore } from '../contracts/objects.ts';
import type { LiveDirectory } from '../pipeline/directory/live-directory.ts';

const RETRY_MS = 1_000;

export interface FollowedDirectory {
  /** Reads what changed; resolves once it is in force. */
  now(): Promise<void>;
  stop(): void;
}

export function followDirectory(deps: {
  readonly objects: Pick<ObjectStore, 'onChange'>;
  readonly directory: Pick<LiveDirectory, 'refresh'>;
  readonly onNews: () => void;
  readonly log: Log;
}): FollowedDirectory {
  const now = async (): Promise<void> => {
    if (await deps.directory.refresh()) deps.onNews();
  };
  let retry: NodeJS.Timeout | undefined;
  const soon = (): void => {
    now().catch((error: unknown) => {
      deps.log.error('what changed in the store could not be read', { error });
      clearTimeout(retry);
      retry = setTimeout(soon, RETRY_MS).unref();
    });
  };
  const stop = deps.objects.onChange(soon);
  return {
    now,
    stop() {
      stop();
      clearTimeout(retry);
    },
  };
}
