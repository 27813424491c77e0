/** For tests: a process that creates objects in a data directory. Arguments: directory, name, how many. */

import { openObjectStore } from '../objects.ts';

const [dataDir = '', name = '', count = '0'] = process.argv.slice(2);
const store = openObjectStore({ dataDir });
for (let i = 0; i < Number(count); i++) {
  const id = `${name}-${i}`;
  await store.write(
    [{ action: 'create', kind: 'team', id, name: id, body: { name: id } }],
    { actor: { type: 'operator', id: name, name }, via: 'cli' },
    i,
  );
}
await store[Symbol.asyncDispose]();
