/** `npm run check`: everything that must be green before a commit, in under a minute. `--fix` mends formatting, `--static` leaves out tests. */

import { spawn } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

interface Check {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
}

const root = join(import.meta.dirname, '..');
const modules = join(root, 'node_modules');
const isFixing = process.argv.includes('--fix');

/** Not the documents: their tables are laid out for reading as source. */
const FORMATTED = [
  'bin',
  'src',
  'test',
  'scripts',
  'bench',
  'examples',
  'package.json',
  'knip.json',
  'tsconfig.json',
].filter((path) => existsSync(join(root, path)));

const QUICK: readonly Check[] = [
  {
    name: 'format and lint',
    script: join(modules, '@biomejs/biome/bin/biome'),
    args: ['check', '--colors=off', '--max-diagnostics=100', ...(isFixing ? ['--write'] : []), ...FORMATTED],
  },
  { name: 'types', script: join(modules, 'typescript/bin/tsc'), args: ['--noEmit'] },
  { name: 'unused code', script: join(modules, 'knip/bin/knip.js'), args: ['--no-progress'] },
];
/** A test that starts processes (the CLI, real servers, victims of kill -9) takes seconds; `npm test` has all of them. */
const startsProcesses = (file: string): boolean =>
  // Only what stands at the start of a line: the wall test plants such imports in texts.
  /^(?:import\b|\}).* from '(node:child_process|.*\/(run-command|start-process|gateway|real-servers|open-folder)\.ts)'/m.test(
    readFileSync(join(root, file), 'utf8'),
  );

const quickTests = globSync('src/**/*.test.ts', { cwd: root }).filter((file) => !startsProcesses(file));

const UNIT: Check = {
  name: `unit tests and walls, ${quickTests.length} files`,
  script: '--test',
  args: [
    '--import=./test/support/property-seed.ts',
    '--test-reporter=dot',
    `--test-concurrency=${availableParallelism()}`,
    ...quickTests,
  ],
};

/** Runs one check; its output is shown only if it fails. */
function run(check: Check): Promise<boolean> {
  const started = performance.now();
  const child = spawn(process.execPath, [check.script, ...check.args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  return new Promise((done) => {
    child.once('close', (code) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(1);
      process.stdout.write(`${code === 0 ? 'ok  ' : 'FAIL'} ${check.name} (${seconds} s)\n`);
      if (code !== 0) process.stdout.write(`${output}\n`);
      done(code === 0);
    });
  });
}

const quick = await Promise.all(QUICK.map(run));
const unit = process.argv.includes('--static') || (await run(UNIT));
process.exitCode = quick.every(Boolean) && unit ? 0 : 1;
