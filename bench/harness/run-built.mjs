/**
 * Starts the bundle instead of the sources, as the published package does: `bin/portcullis.mjs` prefers the sources in a clone. With its
 * compile cache, and without types to take away, which the package does not pay for either.
 */

import nodeModule from 'node:module';
import { join } from 'node:path';
import { cacheDir } from '../../bin/with-node.mjs';

nodeModule.enableCompileCache(join(cacheDir(), 'compiled'));
const [file, ...args] = process.argv.slice(2);
const { main } = await import(String(file));
await main(args);
