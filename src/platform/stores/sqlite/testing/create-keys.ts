/** For tests: a process that creates keys in a data directory. Arguments: directory, name, how many. */

import { openKeyStore } from '../keys.ts';

const [dataDir = '', name = '', count = '0'] = process.argv.slice(2);
const store = openKeyStore({ dataDir });
for (let i = 0; i < Number(count); i++) store.create({ name: `${name}-${i}`, grant: { allow: ['*'], deny: [] } }, i);
store[Symbol.dispose]();
