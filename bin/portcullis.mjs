#!/usr/bin/env node
/** The `portcullis` command: finds a Node.js new enough, then hands over to the built file, or to the sources in a clone. */

import { existsSync } from 'node:fs';
// The default export, because Node 20 has no `enableCompileCache` to import by name.
import nodeModule from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDir, isSupportedNode, runOnSupportedNode } from './with-node.mjs';

if (isSupportedNode()) {
  // Halves the start of every command. Not in the shared temporary folder, where others could plant code.
  nodeModule.enableCompileCache(join(cacheDir(), 'compiled'));
  const built = new URL('../dist/portcullis.js', import.meta.url);
  const source = new URL('../src/app/main.ts', import.meta.url);
  const { main } = await import((existsSync(source) ? source : built).href);
  await main(process.argv.slice(2));
} else {
  await runOnSupportedNode([fileURLToPath(import.meta.url), ...process.argv.slice(2)]);
}
