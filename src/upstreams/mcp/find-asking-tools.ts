/** Finds the tools that a legacy server lists only for clients it can ask: over a link that says it can be, and answers nothing. */

import type { OfferedTool } from '../../contracts/upstream.ts';
import { type KeptLink, type LinkDeps, openKeptLink } from './kept-link.ts';
import { listPages } from './list-pages.ts';
import { readTools } from './offered-items.ts';
import { refuseQuestion } from './own-request.ts';

/** Everything that a client can be asked for in a call, and that we relay. */
export const ASKABLE = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };

export interface FindAskingTools {
  readonly maxItems: number;
  readonly signal: AbortSignal;
  /** Tools that every client is shown anyway. */
  readonly known: readonly OfferedTool[];
  readonly warn: (fault: string) => void;
}

/**
 * Opens a link of its own, lists and closes it. No call ever goes over it: there what a client can be asked is the client's
 * own. Rejects if the server cannot be opened or listed that way.
 */
export async function findAskingTools(deps: LinkDeps, find: FindAskingTools): Promise<readonly OfferedTool[]> {
  const { signal, warn, maxItems } = find;
  const lost = new AbortController();
  const kept: KeptLink = await openKeptLink(deps, {
    capabilities: JSON.stringify(ASKABLE),
    eraHint: 'legacy',
    signal,
    onServerMessage(message) {
      if (message.type === 'request') refuseQuestion(message);
    },
    onLost: () => lost.abort(),
  });
  try {
    if (kept.link.era !== 'legacy') return [];
    const over = AbortSignal.any([signal, lost.signal]);
    const { items } = await listPages({ link: kept.link, maxItems, signal: over, warn }, 'tools/list', 'tools');
    const shown = new Set(find.known.map(({ name }) => name));
    return readTools(items, false, warn)
      .filter(({ name }) => !shown.has(name))
      .map((tool) => ({ ...tool, forAskable: true }));
  } finally {
    await kept.close(0);
  }
}
