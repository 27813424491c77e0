/**
 * `npm run bench`: measures what a tool call through the gateway costs, against a bare proxy and other gateways, on one
 * machine in one run. How, and what the figures mean: docs/performance.md.
 */

import { join, relative } from 'node:path';
import { createLab } from './harness/lab.ts';
import { startLoad } from './harness/load.ts';
import { HELP, type Options, readOptions } from './harness/options.ts';
import { decidePlacement } from './harness/processes.ts';
import { beginProvenance } from './harness/provenance.ts';
import { writeRunFile } from './harness/run-file.ts';
import { requireCounters } from './harness/usage.ts';
import { installPeers } from './peers/installed.ts';
import { renderProvenance, renderResult, renderTargets } from './report/tables.ts';
import { judge } from './report/targets.ts';
import { writeDocs } from './report/write-docs.ts';
import { CALL_SCENARIOS } from './scenarios/calls.ts';
import { checkGenerator } from './scenarios/check-generator.ts';
import { GROWTH_SCENARIOS } from './scenarios/growth.ts';
import { LIST_SCENARIOS } from './scenarios/lists.ts';
import type { Result, Scenario } from './scenarios/scenario.ts';
import { soak } from './scenarios/soak.ts';

const ROOT = join(import.meta.dirname, '..');
const SCENARIOS: readonly Scenario[] = [
  ...CALL_SCENARIOS,
  ...LIST_SCENARIOS,
  ...GROWTH_SCENARIOS,
  soak,
  checkGenerator,
];

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function choose({ scenario, isShort }: Options): Scenario[] {
  const chosen = SCENARIOS.filter(({ name, inShort }) =>
    scenario === undefined ? !isShort || inShort : name.startsWith(scenario),
  );
  if (chosen.length > 0) return chosen;
  throw new Error(`there is no such scenario; there are:\n${SCENARIOS.map(({ name }) => `  ${name}`).join('\n')}`);
}

/** Returns the exit code. */
async function main(): Promise<number> {
  const read = readOptions(process.argv.slice(2), ROOT);
  if (read === 'help') {
    say(HELP);
    return 0;
  }
  const chosen = choose(read);
  requireCounters();
  const refusal = read.withPeers ? installPeers() : undefined;
  if (refusal !== undefined) say(`Going on without peers: ${refusal}`);
  const options: Options = { ...read, withPeers: read.withPeers && refusal === undefined };
  const placement = decidePlacement();
  const endProvenance = beginProvenance(
    options.roots[0] ?? ROOT,
    placement.description,
    options.isShort ? 'short' : 'long',
  );
  const load = await startLoad(placement.generator);
  const lab = createLab(options, placement, load, say);
  const results: Result[] = [];
  // However we end, by Ctrl-C or by a closed pipe: nothing is left behind.
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
  process.once('exit', () => {
    lab.killAll();
    load.kill();
  });
  let failures = 0;
  for (const { name, title, run } of chosen) {
    const startedMs = performance.now();
    say(`\n${name} …`);
    try {
      const result = { name, title, ...(await run(lab)) };
      results.push(result);
      say(`${renderResult(result)}\n(${((performance.now() - startedMs) / 1_000).toFixed(0)} s)`);
    } catch (error) {
      failures++;
      say(`${name} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await lab.stopAll();
    }
  }
  await load.stop();
  const run = { provenance: endProvenance(), results };
  say(`\n${renderProvenance(run)}\n\n${renderTargets(results)}`);
  const files = writeRunFile(run, import.meta.dirname, options);
  if (options.writesDocs) files.push(...writeDocs(run, ROOT));
  say(`\nWritten: ${files.map((file) => relative(process.cwd(), file)).join(', ')}`);
  const isGross = options.isGuard && judge(results).some((verdict) => verdict.isGross);
  return failures > 0 || isGross ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
