/** Names under which tools and prompts of many servers stand side by side: `server__name`, stable whatever else is configured. */

import { createHash } from 'node:crypto';

/** What model APIs accept: `[a-zA-Z_][a-zA-Z0-9_-]{0,63}`. A name begins with a server id, and that with a letter. */
export const NAME_BUDGET_CHARS = 64;
const HASH_CHARS = 8;

/**
 * The exposed name depends on server id and own name alone, so it never moves when servers come or go. Characters that
 * model APIs refuse become `_`; a name that lost something by that, or by the 64 character budget, gets a hash suffix so
 * that two tools never meet. Server ids hold no `__` and do not end in `_`, hence different pairs give different names.
 */
export function exposedName(serverId: string, name: string): string {
  const clean = name.replace(/[^a-zA-Z0-9_-]/g, '_');
  const whole = `${serverId}__${clean}`;
  if (clean === name && whole.length <= NAME_BUDGET_CHARS) return whole;
  const hash = createHash('sha256').update(`${serverId}\0${name}`).digest('hex').slice(0, HASH_CHARS);
  return `${whole.slice(0, NAME_BUDGET_CHARS - HASH_CHARS - 1)}_${hash}`;
}
