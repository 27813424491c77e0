/** The state of a server, out of how its link and its listing stand. */

import type { ServerState } from '../../contracts/upstream.ts';
import type { SharedLink } from './shared-link.ts';

export type Listing = 'pending' | 'ok' | 'failed';

/** For a server that is enabled. */
export function decideServerState(
  phase: SharedLink['phase'],
  { listing, wasHealthy, before }: { listing: Listing; wasHealthy: boolean; before: ServerState },
): ServerState {
  const waiting = wasHealthy ? 'unstable' : 'starting';
  switch (phase) {
    case 'live':
      return listing === 'ok' ? 'healthy' : listing === 'failed' ? 'unstable' : waiting;
    case 'connecting':
      return waiting;
    case 'closed':
      return before;
    default:
      return phase;
  }
}
