/** Approvals that were given beforehand, as they are stored now. */

import type { StandingApproval } from '../contracts/approvals.ts';
import type { Log } from '../contracts/log.ts';
import type { ObjectStore } from '../contracts/objects.ts';
import type { StandingApprovalBody } from '../contracts/shapes/approvals.ts';
import { compileStanding, type FindStanding } from '../domain/approvals/standing.ts';

const MAX_STANDING = 10_000;

export interface StandingApprovals {
  current(): FindStanding;
}

/** Follows the store for as long as it is open, whoever writes to it. Until something is read, nothing stands. */
export async function followStandingApprovals(deps: {
  readonly objects: Pick<ObjectStore, 'list' | 'onChange'>;
  readonly log: Log;
}): Promise<StandingApprovals> {
  const { objects, log } = deps;
  let find: FindStanding = () => undefined;
  let isReading = false;
  let again = false;

  const read = async (): Promise<void> => {
    const found = await objects.list('standing-approval', { limit: MAX_STANDING });
    find = compileAll(
      found.map(({ id, body }) => ({ id, ...(body as StandingApprovalBody) })),
      log,
    );
  };
  /** One at a time; what changed meanwhile is read afterwards. */
  const look = (): void => {
    again = true;
    if (isReading) return;
    isReading = true;
    const readOn = async (): Promise<void> => {
      while (again) {
        again = false;
        await read();
      }
    };
    readOn()
      // What was read before goes on.
      .catch((error: unknown) => log.warn('standing approvals cannot be read', { error }))
      .finally(() => {
        isReading = false;
      });
  };
  objects.onChange(look);
  await read();
  return { current: () => find };
}

/** One that does not compile (an older version took it) stands for nothing, and takes no other with it. */
function compileAll(all: readonly (StandingApprovalBody & { readonly id: string })[], log: Log): FindStanding {
  const each = all.flatMap(({ id, name, key, targets, when, expiresAtMs, reason }): FindStanding[] => {
    const standing: StandingApproval = { id, name, key, targets, when, expiresAtMs, reason };
    try {
      return [compileStanding([standing])];
    } catch (error) {
      log.warn('a standing approval cannot be used', { id, error });
      return [];
    }
  });
  return (question) => {
    for (const find of each) {
      const found = find(question);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}
