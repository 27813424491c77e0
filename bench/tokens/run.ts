/**
 * `npm run bench:tokens`: what tools cost a model in tokens, by the way they are shown. How: docs/tokens.md.
 *
 *   --write-docs        writes docs/tokens.md and bench/results/tokens.json
 *   --size N            only this set of tools; repeatable. Default: all
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../test/support/gateway.ts';
import { figuresOf, gatesOf } from './figures.ts';
import { type Measured, measure, SIZES, toolsOf } from './measure.ts';
import { MODES } from './play.ts';
import { renderCosts, renderGates, renderPage, renderTokens } from './report.ts';
import { TASKS } from './tasks.ts';

const { values: options } = parseArgs({
  options: { 'write-docs': { type: 'boolean', default: false }, size: { type: 'string', multiple: true } },
});
const sizes = SIZES.filter((size) => options.size?.includes(String(size)) ?? true);
const say = (text: string): void => void process.stdout.write(`${text}\n`);

async function run(): Promise<number> {
  if (sizes.length === 0 || (options['write-docs'] && sizes.length < SIZES.length)) {
    say(`--size takes ${SIZES.join(', ')}; --write-docs goes with all of them`);
    return 2;
  }
  if (toolsOf(96) === undefined) {
    say('the recorded definitions are not at hand; PORTCULLIS_RECORDED_TOOLS names their folder');
    return 2;
  }
  const measured: Measured[] = [];
  const isTerminal = process.stderr.isTTY;
  for (const size of sizes) {
    process.stderr.write(`${size} tools …\n`);
    measured.push(...(await measure(size, MODES, (text) => isTerminal && process.stderr.write(`\r\u001b[K${text}`))));
    if (isTerminal) process.stderr.write('\r\u001b[K');
  }
  const problems = measured.flatMap((each) => each.problems);
  for (const problem of problems) say(`PROBLEM ${problem}`);
  const figures = measured.map(figuresOf);
  const gates = gatesOf(figures);
  say([renderTokens(figures), renderCosts(figures), renderGates(gates)].join('\n\n'));
  if (problems.length > 0) return 1;
  if (options['write-docs']) {
    await writeFile(join(ROOT, 'docs/tokens.md'), renderPage(figures, gates, TASKS.length));
    await writeFile(join(ROOT, 'bench/results/tokens.json'), `${JSON.stringify({ figures, gates }, null, 2)}\n`);
    say('\nwrote docs/tokens.md and bench/results/tokens.json');
  }
  return gates.every(({ holds }) => holds) ? 0 : 1;
}

process.exitCode = await run();
