/** Puts the tables of a run between the markers in docs/performance.md, and its plots beside it. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunFile } from '../harness/run-file.ts';
import { plotCpu, plotLatency } from './plot.ts';
import { renderProvenance, renderResult, renderTargets } from './tables.ts';

const BEGIN = '<!-- bench:begin (npm run bench -- --write-docs) -->';
const END = '<!-- bench:end -->';

/** Returns the files it wrote. Throws if the document has lost its markers. */
export function writeDocs(run: RunFile, root: string): string[] {
  const file = join(root, 'docs/performance.md');
  const before = readFileSync(file, 'utf8');
  const [begin, end] = [before.indexOf(BEGIN), before.indexOf(END)];
  if (begin === -1 || end < begin) throw new Error(`${file} lacks the lines ${BEGIN} and ${END}`);
  const parts = [BEGIN, renderProvenance(run)];
  const written = [file];
  const has = (name: string): boolean => run.results.some((result) => result.name === name);
  const plot = (name: string, alt: string, content: string): void => {
    writeFileSync(join(root, 'docs', name), content);
    written.push(join(root, 'docs', name));
    parts.push(`![${alt}](${name})`);
  };
  if (has('call-modern')) plot('performance-cpu.svg', 'CPU per call', plotCpu(run.results));
  if (has('rates')) plot('performance-latency.svg', 'Added latency', plotLatency(run.results));
  const targets = renderTargets(run.results);
  if (targets !== '') parts.push('### Targets', targets);
  parts.push(...run.results.map(renderResult), '');
  writeFileSync(file, before.slice(0, begin) + parts.join('\n\n') + before.slice(end));
  return written;
}
