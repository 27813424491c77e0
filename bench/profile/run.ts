/**
 * `npm run bench:profile`: where the gateway's main thread spends its time, by scenario: tables, and flame graphs.
 *
 *   --scenario NAME     only this one; repeatable. Default: all
 *   --write-docs        puts what was found into docs/profiles.md and docs/profiles/
 */

import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { chooseBuild } from '../harness/gateway.ts';
import { createLab, type Lab } from '../harness/lab.ts';
import { startLoad } from '../harness/load.ts';
import { readOptions } from '../harness/options.ts';
import { decidePlacement } from '../harness/processes.ts';
import { CALL_SCENARIOS } from '../scenarios/calls.ts';
import { MODEL_SCENARIOS } from '../scenarios/models/scenarios.ts';
import { oauthCallers } from '../scenarios/oauth-callers.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { renderFlame } from './flame.ts';
import { type CallFrame, type CpuProfile, foldProfile, type Place } from './fold-profile.ts';
import { createLocate } from './locate.ts';
import { putSection, renderSection } from './page.ts';
import { createProfilingLab } from './profiling-lab.ts';
import { type Profiled, renderExtent, renderFunctions, renderKinds } from './tables.ts';

const ROOT = join(import.meta.dirname, '../..');
const BUNDLE = join(ROOT, 'dist/portcullis.js');
const BUILD_LIMIT_MS = 120_000;
const INTERVAL_US = 200;
const SHOWN_FUNCTIONS = 20;

/** The hot paths. */
const NAMES = [
  ...['call-modern', 'chat-plain', 'chat-51kb', 'chat-100-tools', 'chat-stream', 'chat-translated'],
  ...['oauth-callers', 'messages', 'execute', 'agent-round'],
];

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function build(): void {
  const args = [join(ROOT, 'scripts/build.ts'), '--source-maps'];
  const done = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8', timeout: BUILD_LIMIT_MS });
  if (done.status !== 0)
    throw new Error(`the bundle could not be built: ${(done.stderr || String(done.error)).slice(0, 500)}`);
  if (chooseBuild(ROOT).description !== 'bundle') throw new Error('the sources changed while the bundle was built');
}

function readPlaces(): (frame: CallFrame) => Place {
  const map = new SourceMap(JSON.parse(readFileSync(`${BUNDLE}.map`, 'utf8')));
  const read = new Map<string, readonly string[]>();
  const linesOf = (file: string): readonly string[] => {
    // Some packages name sources that they do not contain.
    const lines = read.get(file) ?? (existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []);
    read.set(file, lines);
    return lines;
  };
  return createLocate(pathToFileURL(BUNDLE).href, (line, column) => {
    const entry = map.findEntry(line, column);
    if (!('originalSource' in entry)) return undefined;
    const { originalSource, originalLine } = entry;
    const file = originalSource.startsWith('file:')
      ? fileURLToPath(originalSource)
      : join(ROOT, 'dist', originalSource);
    return { file: relative(ROOT, file), line: originalLine, text: linesOf(file)[originalLine] ?? '' };
  });
}

/** Of the main thread, which Node numbers 0. */
function readProfile(folder: string): CpuProfile {
  const [file] = globSync('CPU.*.*.*.0.*.cpuprofile', { cwd: folder });
  if (file === undefined) throw new Error('the gateway left no profile behind');
  return JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
}

async function profile(lab: Lab, scenario: Scenario, locate: (frame: CallFrame) => Place): Promise<Profiled> {
  const folder = lab.folder();
  const flags = ['--cpu-prof', `--cpu-prof-interval=${INTERVAL_US}`, `--cpu-prof-dir=${folder}`];
  const profiling = createProfilingLab(lab, flags);
  await scenario.run(profiling.lab);
  const { window, report } = profiling.loaded();
  await profiling.end();
  const root = foldProfile(readProfile(folder), window, locate);
  return { ...{ name: scenario.name, title: scenario.title, root }, calls: report.answered, seconds: report.seconds };
}

const commit = (): string => {
  const found = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: ROOT, encoding: 'utf8' });
  return found.status === 0 ? `, commit ${found.stdout.trim()}` : '';
};

/** Returns the files it wrote. */
function writeDocs(profiled: Profiled): string[] {
  const [page, picture] = [join(ROOT, 'docs/profiles.md'), join(ROOT, `docs/profiles/${profiled.name}.svg`)];
  const provenance = `${new Date().toISOString().slice(0, 10)}${commit()}, Node ${process.versions.node}.`;
  mkdirSync(join(ROOT, 'docs/profiles'), { recursive: true });
  writeFileSync(picture, renderFlame(profiled.root, profiled.title));
  const text = renderSection(profiled, provenance);
  writeFileSync(page, putSection(readFileSync(page, 'utf8'), profiled.name, text));
  return [page, picture];
}

function choose(names: readonly string[]): Scenario[] {
  const all = [...CALL_SCENARIOS, oauthCallers, ...MODEL_SCENARIOS];
  return names.map((name) => {
    const found = all.find((scenario) => scenario.name === name);
    if (found === undefined || !NAMES.includes(name)) throw new Error(`--scenario takes ${NAMES.join(', ')}`);
    return found;
  });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { scenario: { type: 'string', multiple: true }, 'write-docs': { type: 'boolean', default: false } },
  });
  const chosen = choose(values.scenario ?? NAMES);
  const options = readOptions(['--short', '--no-peers', '--pairs', '1'], ROOT);
  if (options === 'help') return;
  build();
  const locate = readPlaces();
  const placement = decidePlacement();
  const load = await startLoad(placement.generator);
  const lab = createLab(options, placement, load, say);
  process.once('SIGINT', () => process.exit(130)).once('SIGTERM', () => process.exit(143));
  process.once('exit', () => {
    lab.killAll();
    load.kill();
  });
  for (const scenario of chosen) {
    try {
      const profiled = await profile(lab, scenario, locate);
      say(`\n${scenario.name}: ${scenario.title}\n\n${renderExtent(profiled)}\n`);
      say(`${renderKinds(profiled)}\n\n${renderFunctions(profiled, SHOWN_FUNCTIONS)}`);
      if (!values['write-docs']) continue;
      say(
        `\nWritten: ${writeDocs(profiled)
          .map((file) => relative(process.cwd(), file))
          .join(', ')}`,
      );
    } finally {
      await lab.stopAll();
    }
  }
  await load.stop();
}

try {
  await main();
} catch (error) {
  process.stderr.write(`bench:profile: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
