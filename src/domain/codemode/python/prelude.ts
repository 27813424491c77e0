/** What is run before a script that needs it: helpers that its rewrites call. */

import { CAUGHT, SLEEP } from './rewrite-python.ts';

const CATCHES = `async def ${CAUGHT}(awaitable):
    try:
        return await awaitable
    except Exception as error:
        return error
`;

/** Undefined: it needs none. The host answers SLEEP itself. */
export function preludeOf(helpers: ReadonlySet<string>): string | undefined {
  return helpers.has(CAUGHT) ? CATCHES : undefined;
}

/** Longer waits are cut: a script waits for tools, not for the clock. Seconds. */
export const MAX_SLEEP_S = 10;
export { SLEEP };
