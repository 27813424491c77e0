/** The newest result of each scenario that was published, with where it comes from: what the tables in docs/ are made of. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Provenance } from '../harness/provenance.ts';
import type { RunFile } from '../harness/run-file.ts';
import type { Result } from '../scenarios/scenario.ts';

export interface PublishedResult {
  readonly provenance: Provenance;
  readonly result: Result;
}

/** In the order of the scenarios. */
export type Published = readonly PublishedResult[];

const fileOf = (root: string): string => join(root, 'bench/published.json');

/** Empty where nothing was published yet. */
export function readPublished(root: string): Published {
  try {
    return JSON.parse(readFileSync(fileOf(root), 'utf8')) as Published;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** Returns the file. */
export function writePublished(root: string, published: Published): string {
  const lines = published.map((each) => JSON.stringify(each)).join(',\n');
  writeFileSync(fileOf(root), `[\n${lines}\n]\n`);
  return fileOf(root);
}

/** What a run measured takes the place of what was there of those scenarios; the others stay. `order`: names of all scenarios. */
export function mergeRun(before: Published, { provenance, results }: RunFile, order: readonly string[]): Published {
  const fresh = results.map((result) => ({ provenance, result }));
  const kept = before.filter(({ result }) => !results.some(({ name }) => name === result.name));
  const placeOf = ({ result }: PublishedResult): number => order.indexOf(result.name);
  return [...kept, ...fresh].filter((each) => placeOf(each) !== -1).toSorted((a, b) => placeOf(a) - placeOf(b));
}

export const resultsOf = (published: Published): Result[] => published.map(({ result }) => result);

/** Of the newest run; undefined: there is none. */
export function newestOf(published: Published): Provenance | undefined {
  return published.map(({ provenance }) => provenance).toSorted((a, b) => b.date.localeCompare(a.date))[0];
}
