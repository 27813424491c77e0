/** Puts the tables of what is published between the markers in docs/, and the plots beside them. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Provenance } from '../harness/provenance.ts';
import type { RunFile } from '../harness/run-file.ts';
import { renderCapacity } from './capacity.ts';
import { plotCpu, plotLatency } from './plot.ts';
import { mergeRun, newestOf, type Published, readPublished, resultsOf, writePublished } from './published.ts';
import { renderProvenance, renderResult, renderTargets } from './tables.ts';

const PERFORMANCE = 'docs/performance.md';
const CAPACITY = 'docs/guide/capacity.md';

/** A run takes the place of earlier ones of the same scenarios. `order`: names of all scenarios. Returns the files it wrote. */
export function writeDocs(run: RunFile, root: string, order: readonly string[]): string[] {
  const published = mergeRun(readPublished(root), run, order);
  const results = resultsOf(published);
  const written = [writePublished(root, published)];
  const write = (name: string, content: string): void => {
    const file = join(root, name);
    writeFileSync(file, content);
    written.push(file);
  };
  if (results.some(({ name }) => name === 'call-modern')) write('docs/performance-cpu.svg', plotCpu(results));
  if (results.some(({ name }) => name === 'rates')) write('docs/performance-latency.svg', plotLatency(results));
  for (const [name, content] of Object.entries(renderDocs(published, root))) write(name, content);
  return written;
}

/** Whole documents by their paths. Throws if one has lost its markers. */
export function renderDocs(published: Published, root: string): { readonly [path: string]: string } {
  return {
    [PERFORMANCE]: between(root, PERFORMANCE, 'bench', renderPerformance(published)),
    [CAPACITY]: between(root, CAPACITY, 'capacity', renderCapacity(resultsOf(published))),
  };
}

function between(root: string, path: string, name: string, content: string): string {
  const text = readFileSync(join(root, path), 'utf8');
  const [begin, end] = [text.indexOf(`<!-- ${name}:begin`), text.indexOf(`<!-- ${name}:end -->`)];
  const beginEnd = text.indexOf('-->', begin);
  if (begin === -1 || beginEnd === -1 || end < beginEnd)
    throw new Error(`${path} lacks the lines <!-- ${name}:begin … --> and <!-- ${name}:end -->`);
  return `${text.slice(0, beginEnd + 3)}\n\n${content}\n\n${text.slice(end)}`;
}

function renderPerformance(published: Published): string {
  const newest = newestOf(published);
  if (newest === undefined) return 'Nothing was published yet: `npm run bench -- --write-docs` does.';
  const results = resultsOf(published);
  const has = (name: string): boolean => results.some((result) => result.name === name);
  const parts = [renderProvenance({ provenance: newest, results: [] })];
  if (has('call-modern')) parts.push('![CPU per call](performance-cpu.svg)');
  if (has('rates')) parts.push('![Added latency](performance-latency.svg)');
  const targets = renderTargets(results);
  if (targets !== '') parts.push('### Targets', targets);
  for (const { provenance, result } of published) {
    parts.push(renderResult(result));
    if (provenance.date !== newest.date) parts.push(originOf(provenance));
  }
  return parts.join('\n\n');
}

/** Of a table that an earlier run made. */
function originOf({ date, commit, isDirty, form, loadBefore, loadAfter }: Provenance): string {
  const when = `${date.slice(0, 16).replace('T', ' ')} UTC, commit ${commit}${isDirty ? ' with changes' : ''}`;
  return `_${when}, ${form} form, load average ${loadBefore.toFixed(1)} to ${loadAfter.toFixed(1)}._`;
}
