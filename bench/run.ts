/**
 * `npm run bench`: measures what a tool call through the gateway costs, against a bare proxy and other gateways, on one
 * machine in one run. How, and what the figures mean: docs/performance.md.
 */

import { spawnSync } from 'node:child_process';
import { join, relative } from 'node:path';
import { createLab, type Lab } from './harness/lab.ts';
import { type Load, startLoad } from './harness/load.ts';
import { HELP, type Options, readOptions } from './harness/options.ts';
import { decidePlacement, whyNotComparable } from './harness/processes.ts';
import { beginProvenance } from './harness/provenance.ts';
import { writeRunFile } from './harness/run-file.ts';
import { requireCounters } from './harness/usage.ts';
import { installPeers } from './peers/installed.ts';
import { renderProvenance, renderResult, renderTargets } from './report/tables.ts';
import { judge } from './report/targets.ts';
import { writeDocs } from './report/write-docs.ts';
import { bookkeeping, modelBookkeeping } from './scenarios/bookkeeping.ts';
import { CALL_SCENARIOS } from './scenarios/calls.ts';
import { checkGenerator } from './scenarios/check-generator.ts';
import { GROWTH_SCENARIOS } from './scenarios/growth.ts';
import { listRecorded } from './scenarios/list-recorded.ts';
import { LIST_SCENARIOS } from './scenarios/lists.ts';
import { LOAD_SCENARIOS } from './scenarios/load/scenarios.ts';
import { MODEL_SCENARIOS } from './scenarios/models/scenarios.ts';
import { oauthCallers } from './scenarios/oauth-callers.ts';
import type { Result, Scenario } from './scenarios/scenario.ts';
import { soak } from './scenarios/soak.ts';
import { streams } from './scenarios/streams.ts';

const ROOT = join(import.meta.dirname, '..');
const SCENARIOS: readonly Scenario[] = [
  ...CALL_SCENARIOS,
  oauthCallers,
  bookkeeping,
  ...MODEL_SCENARIOS,
  modelBookkeeping,
  ...LOAD_SCENARIOS,
  streams,
  ...LIST_SCENARIOS,
  listRecorded,
  ...GROWTH_SCENARIOS,
  soak,
  checkGenerator,
];
const NAMES = SCENARIOS.map(({ name }) => name);
/** No scenario is begun later than this, the soak's own length aside: `--scenario` takes those that are left. */
const LIMIT_MS = 45 * 60_000;
const BUILD_LIMIT_MS = 120_000;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function choose({ scenarios, isShort, isGuard }: Options): Scenario[] {
  const chosen = SCENARIOS.filter(({ name, inShort, inGuard = false }) => {
    if (scenarios.length > 0) return scenarios.some((beginning) => name.startsWith(beginning));
    if (isGuard) return inGuard;
    return !isShort || inShort;
  });
  if (chosen.length > 0) return chosen;
  throw new Error(`there is no such scenario; there are:\n${NAMES.map((name) => `  ${name}`).join('\n')}`);
}

/** What is published is measured. Returns why it could not be built. */
function buildAll(roots: readonly string[]): string | undefined {
  for (const root of roots) {
    const script = join(root, 'scripts/build.ts');
    const done = spawnSync(process.execPath, [script], { cwd: root, encoding: 'utf8', timeout: BUILD_LIMIT_MS });
    if (done.status !== 0) return `${root}: ${(done.stderr || String(done.error)).slice(0, 500)}`;
  }
  return undefined;
}

/** Peers and bundles. What cannot be had is left out, and said. */
function prepare(read: Options): Options {
  const refusal = read.withPeers ? installPeers() : undefined;
  if (refusal !== undefined) say(`Going on without peers: ${refusal}`);
  const failure = read.isBuilt ? buildAll(read.roots) : undefined;
  if (failure !== undefined) say(`Going on with the sources, the bundle could not be built: ${failure}`);
  return {
    ...read,
    withPeers: read.withPeers && refusal === undefined,
    isBuilt: read.isBuilt && failure === undefined,
  };
}

/** Runs one scenario and shows it; undefined: it could not be measured. Whatever it started is stopped. */
async function measure(lab: Lab, { name, title, run }: Scenario): Promise<Result | undefined> {
  const startedMs = performance.now();
  say(`\n${name} …`);
  try {
    const result = { name, title, ...(await run(lab)) };
    say(`${renderResult(result)}\n(${((performance.now() - startedMs) / 1_000).toFixed(0)} s)`);
    return result;
  } catch (error) {
    say(`${name} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  } finally {
    await lab.stopAll();
  }
}

/** In the guard a scenario that misses by far, or breaks, has a second try: machines have their moments. */
async function measureAll(lab: Lab, chosen: readonly Scenario[]): Promise<Result[]> {
  const { isGuard, soakSeconds } = lab.options;
  const results: Result[] = [];
  for (const scenario of chosen) {
    if (performance.now() > LIMIT_MS + soakSeconds * 1_000) {
      say(`\n${scenario.name} was left out: the time is up; --scenario ${scenario.name} measures it by itself`);
      continue;
    }
    let result = await measure(lab, scenario);
    if (isGuard && (result === undefined || judge([result]).some(({ isGross }) => isGross))) {
      say(`\n${scenario.name} missed by far, which may be a moment's trouble: once more`);
      result = await measure(lab, scenario);
    }
    if (result !== undefined) results.push(result);
  }
  return results;
}

/** However we end, by Ctrl-C or by a closed pipe: nothing is left behind. */
function cleanUpAtExit(lab: Lab, load: Load): void {
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
  process.once('exit', () => {
    lab.killAll();
    load.kill();
  });
}

/** Returns the exit code. */
async function main(): Promise<number> {
  const read = readOptions(process.argv.slice(2), ROOT);
  if (read === 'help') {
    say(HELP);
    return 0;
  }
  const chosen = choose(read);
  const obstacle = read.isGuard ? whyNotComparable() : undefined;
  if (obstacle !== undefined) {
    say(`Speed is not judged on this machine: ${obstacle}.`);
    return 0;
  }
  requireCounters();
  const options = prepare(read);
  const placement = decidePlacement();
  const form = options.isGuard ? 'guard' : options.isShort ? 'short' : 'long';
  const endProvenance = beginProvenance(options.roots[0] ?? ROOT, placement.description, form, options.isBuilt);
  const load = await startLoad(placement.generator);
  const lab = createLab(options, placement, load, say);
  cleanUpAtExit(lab, load);
  const results = await measureAll(lab, chosen);
  await load.stop();
  const run = { provenance: endProvenance(), results };
  say(`\n${renderProvenance(run)}\n\n${renderTargets(results)}`);
  const files = writeRunFile(run, import.meta.dirname, options);
  if (options.writesDocs) files.push(...writeDocs(run, ROOT, NAMES));
  say(`\nWritten: ${files.map((file) => relative(process.cwd(), file)).join(', ')}`);
  const gross = judge(results).filter((verdict) => options.isGuard && verdict.isGross);
  for (const { what, found, target } of gross) say(`GROSS MISS, twice in a row: ${what}: ${found}, target ${target}`);
  return results.length < chosen.length || gross.length > 0 ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
