/**
 * Loaded before each test file (`--import`): gives property tests one seed, so that a run says something about the code alone and
 * not about its luck. `PROPERTY_SEED=random` explores instead (`npm run fuzz`), `PROPERTY_SEED=<number>` repeats what was found.
 */

import { readFileSync } from 'node:fs';

const FIXED_SEED = 20_261_123;

const file = process.argv[1];
const wanted = process.env.PROPERTY_SEED ?? String(FIXED_SEED);
// Loading the library takes longer than most test files run.
if (
  wanted !== 'random' &&
  file?.endsWith('.test.ts') &&
  /fast-check|any-chat|testLimitStore|testSuggestionStore/.test(readFileSync(file, 'utf8'))
) {
  const { default: fc } = await import('fast-check');
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(wanted) });
}
