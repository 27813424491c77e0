/** docs/profiles.md: what a run found stands between marks, by scenario; what people write stays. */

import { type Profiled, renderExtent, renderFunctions, renderKinds } from './tables.ts';

const SHOWN_FUNCTIONS = 15;
const marksOf = (name: string): readonly [begin: string, end: string] => [
  `<!-- profile:begin ${name} (npm run bench:profile -- --scenario ${name} --write-docs) -->`,
  `<!-- profile:end ${name} -->`,
];

export function renderSection(profiled: Profiled, provenance: string): string {
  const { name, title } = profiled;
  return [
    `${title}. ${renderExtent(profiled)} ${provenance}`,
    `![Flame graph of ${name}](profiles/${name}.svg)`,
    renderKinds(profiled),
    `The functions with the most time of their own; the first five of them are the costs to look at:`,
    renderFunctions(profiled, SHOWN_FUNCTIONS),
  ].join('\n\n');
}

/** Puts the text between the marks of the scenario. A scenario that has none gets a section at the end. Throws on half a pair. */
export function putSection(page: string, name: string, text: string): string {
  const [begin, end] = marksOf(name);
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  const block = `${begin}\n\n${text}\n\n${end}`;
  if (from === -1 && to === -1)
    return `${page.trimEnd()}\n\n## ${name}\n\n${block}\n\n### What was done: ${name}\n\nNothing yet.\n`;
  if (from === -1 || to < from) throw new Error(`docs/profiles.md lacks one of the lines ${begin} and ${end}`);
  return page.slice(0, from) + block + page.slice(to + end.length);
}
