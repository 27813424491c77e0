/** One object for all sessions whose clients said the same of themselves, in texts that hold on to nothing else. */

import { createLru } from '../../../lib/lru.ts';
import type { ClientFacts } from './session.ts';

/** For the texts of clients that are remembered; each said its own in a body of bounded size. */
const MAX_KNOWN_CHARS = 256 * 1024;

/** A slice keeps the whole text it was cut from alive; this is a text of its own. */
function ownText(text: string): string {
  return Buffer.from(text).toString();
}

/** What is shared is dropped, least recently used first, where there are too many different clients. */
export function createShareClient(): (client: ClientFacts) => ClientFacts {
  const known = createLru<ClientFacts>(MAX_KNOWN_CHARS);
  return ({ version, info, capabilities }) => {
    const key = ownText(`${version}\n${info ?? ''}\n${capabilities}`);
    const before = known.get(key);
    if (before !== undefined) return before;
    const facts: ClientFacts = {
      version,
      info: info === undefined ? undefined : ownText(info),
      capabilities: ownText(capabilities),
    };
    known.set(key, facts, 2 * key.length);
    return facts;
  };
}
