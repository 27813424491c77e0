/** What one run leaves behind: the JSON that tables, plots and guard are made of. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Result } from '../scenarios/scenario.ts';
import type { Provenance } from './provenance.ts';

export interface RunFile {
  readonly provenance: Provenance;
  readonly results: readonly Result[];
}

/** The reference's own spread beyond which a run says little. */
const NOISY_SPREAD = 0.25;

/** How far the quartiles of the reference's CPU per call lie apart, in relation to its median; undefined without one. */
export function referenceSpread(result: Result): number | undefined {
  const us = result.rows?.[0]?.us;
  return us === undefined ? undefined : (us.q3 - us.q1) / us.median;
}

export function isNoisy(result: Result): boolean {
  return (referenceSpread(result) ?? 0) > NOISY_SPREAD;
}

/** Writes it where it was asked for; the newest always to bench/results/latest.json. Returns the files. */
export function writeRunFile(
  run: RunFile,
  bench: string,
  also: { readonly jsonFile: string | undefined; readonly isSaved: boolean },
): string[] {
  const files = [join(bench, 'results/latest.json')];
  const { date, commit } = run.provenance;
  if (also.isSaved) files.push(join(bench, `results/${date.slice(0, 16).replace(/[:T]/g, '-')}-${commit}.json`));
  if (also.jsonFile !== undefined) files.push(also.jsonFile);
  for (const file of files) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(run, undefined, 1)}\n`);
  }
  return files;
}
