/** The one log level a legacy server has, for everybody: told to each of its links, best effort. */

import type { Log } from '../../contracts/log.ts';
import { LOG_LEVELS, type LogLevel } from '../../contracts/peer.ts';
import type { CarryOver } from './carry-over.ts';
import type { KeptLink } from './kept-link.ts';
import { createOwnRequest } from './own-request.ts';

const TIMEOUT_MS = 10_000;

export interface LogLevelKeeper {
  /** Sends the level in force, if there is one, over this link. */
  tell(kept: KeptLink): void;
  send(): void;
  /** A modern request asks for itself alone, so the level only goes down for it; others are content with `info`. */
  lower(wanted: LogLevel): void;
}

export function createLogLevel(deps: {
  readonly log: Log;
  readonly carryOver: CarryOver;
  readonly serverId: string;
  readonly links: () => readonly KeptLink[];
}): LogLevelKeeper {
  const { carryOver, links, log } = deps;

  const set = async (kept: KeptLink): Promise<void> => {
    const level = carryOver.logLevel;
    if (level === undefined || kept.link.era !== 'legacy' || kept.link.capabilities.logging === undefined) return;
    const limits = { signal: kept.overSignal, timeoutMs: TIMEOUT_MS };
    try {
      await kept.use((link) => link.request(createOwnRequest('logging/setLevel', JSON.stringify({ level }), limits)));
    } catch (error) {
      log.debug('the log level could not be set', { server: deps.serverId, error });
    }
  };
  const send = (): void => {
    for (const kept of links()) void set(kept);
  };

  return {
    tell: (kept) => void set(kept),
    send,
    lower(wanted) {
      const rank = Math.min(LOG_LEVELS.indexOf(wanted), LOG_LEVELS.indexOf('info'));
      const now = carryOver.logLevel === undefined ? LOG_LEVELS.length : LOG_LEVELS.indexOf(carryOver.logLevel);
      if (rank >= now) return;
      carryOver.logLevel = LOG_LEVELS[rank];
      send();
    },
  };
}
