/** For tests: a process that claims a suggestion and then does nothing any more. Arguments: URL, id, execution. */

import { openDatabase } from '../open-database.ts';
import { createSuggestionStore } from '../suggestions.ts';

const [url = '', id = '', executionId = ''] = process.argv.slice(2);
const database = await openDatabase({ url, schema: 'portcullis', poolSize: 1 }, { warn: () => undefined });
const store = createSuggestionStore(database, { now: Date.now });
process.stdout.write(`${(await store.claim(id, executionId, Date.now())).type}\n`);
setInterval(() => undefined, 60_000);
