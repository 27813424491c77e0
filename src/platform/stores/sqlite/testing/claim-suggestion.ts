/** For tests: a process that claims a suggestion and then does nothing any more. Arguments: directory, id, execution. */

import { openSuggestionStore } from '../suggestions.ts';

const [dataDir = '', id = '', executionId = ''] = process.argv.slice(2);
const store = openSuggestionStore({ dataDir, now: Date.now });
process.stdout.write(`${(await store.claim(id, executionId, Date.now())).type}\n`);
setInterval(() => undefined, 60_000);
