/**
 * `npm run fuzz`: every property test again and again with new seeds, which the gate does not do. Prints what failed with its
 * seed; `PROPERTY_SEED=<seed> npm run test:unit` repeats it. `--rounds N` (default 3), `--only TEXT` (files whose path has it).
 */

import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const root = join(import.meta.dirname, '..');
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, only: { type: 'string', default: '' } },
});
const files = globSync('{src,test}/**/*.test.ts', { cwd: root }).filter(
  (file) => file.includes(values.only) && /fast-check|any-chat/.test(readFileSync(join(root, file), 'utf8')),
);
let failed = 0;
for (let round = 1; round <= Number(values.rounds); round++) {
  console.log(`round ${round} of ${values.rounds}: ${files.length} files`);
  const { status, stdout } = spawnSync(
    process.execPath,
    ['--import=./test/support/property-seed.ts', '--test', '--test-reporter=tap', ...files],
    { cwd: root, encoding: 'utf8', env: { ...process.env, PROPERTY_SEED: 'random' }, maxBuffer: 256 * 1024 * 1024 },
  );
  if (status === 0) continue;
  failed++;
  const tests = stdout.match(/^ *not ok .*|^ *\{ seed: .*|^ *Counterexample: .{0,2000}/gm) ?? [];
  console.log(tests.join('\n'));
}
process.exitCode = failed === 0 ? 0 : 1;
