/** `portcullis audit costs`: what calls cost, added up, with the names of whom they counted for. */

import type { TrailFilter } from '../../contracts/trail.ts';
import type { CostGroup } from '../../platform/audit/sum-costs.ts';
import type { Stores } from '../open-stores.ts';
import { listAll } from './open-objects.ts';
import { printJson, printNote, printTable } from './terminal.ts';

/** Micro-dollars to the last digit. */
export function renderUsd(microUsd: number): string {
  return `$${(microUsd / 1_000_000).toFixed(6)}`;
}

export async function showCosts(
  stores: Pick<Stores, 'trail' | 'objects'>,
  by: CostGroup,
  filter: TrailFilter,
  asJson = false,
): Promise<void> {
  const reader = await stores.trail();
  await reader.fold();
  const found = await reader.costs(by, filter);
  const isLevel = by === 'team' || by === 'user' || by === 'organization';
  const names = isLevel ? await namesOf(stores, by) : undefined;
  // The trail knows levels by their ids.
  const sums = found.map((sum) => (names === undefined ? sum : { ...sum, id: sum.name, name: names(sum.name) }));
  if (asJson) return printJson(sums);
  if (sums.length === 0) printNote('No calls match.');
  const showsTokens = sums.some(({ inputTokens, outputTokens }) => inputTokens + outputTokens > 0);
  printTable(
    [
      ...[by.toUpperCase(), 'CALLS', 'FROM CACHE', 'PRICED', 'COST'],
      ...(showsTokens ? ['TOKENS IN', 'OF THEM CACHED', 'TOKENS OUT'] : []),
      ...(isLevel ? ['ID'] : []),
    ],
    sums.map((sum) => [
      ...[sum.name ?? '-', String(sum.calls), String(sum.cached), String(sum.priced), renderUsd(sum.microUsd)],
      ...(showsTokens ? [sum.inputTokens, sum.cachedTokens, sum.outputTokens].map(String) : []),
      ...('id' in sum ? [sum.id ?? '-'] : []),
    ]),
  );
}

/** What is gone keeps its id for a name; of the file, the id says the name. */
async function namesOf(
  { objects }: Pick<Stores, 'objects'>,
  kind: 'team' | 'user' | 'organization',
): Promise<(id: string | undefined) => string | undefined> {
  const stored = new Map((await listAll(await objects(), kind)).map(({ id, name }) => [id, name]));
  const ofFile = `config:${kind}:`;
  return (id) => (id?.startsWith(ofFile) ? id.slice(ofFile.length) : (stored.get(id ?? '') ?? id));
}
