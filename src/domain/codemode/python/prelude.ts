/** What is run before a script that needs it: helpers that its rewrites call. */

import { CAUGHT, IN_ORDER } from './rewrite-python.ts';

const WAITS = `async def ${IN_ORDER}(*awaitables):
    return [await each for each in awaitables]
`;
const CATCHES = `async def ${CAUGHT}(*awaitables):
    results = []
    for each in awaitables:
        try:
            results.append(await each)
        except Exception as error:
            results.append(error)
    return results
`;

/** Undefined: it needs none. The host answers the others itself. */
export function preludeOf(helpers: ReadonlySet<string>): string | undefined {
  const code = (helpers.has(IN_ORDER) ? WAITS : '') + (helpers.has(CAUGHT) ? CATCHES : '');
  return code === '' ? undefined : code;
}
