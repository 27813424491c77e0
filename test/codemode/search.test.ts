/** Whether search finds what is asked for among 2,054 real tools, and tells nothing of what a caller may not see. */

import assert from 'node:assert/strict';
import test from 'node:test';
import { memberNames, namespaceNames } from '../../src/domain/codemode/script-names.ts';
import { createSearchView, readEntry } from '../../src/domain/codemode/search-index.ts';
import { readToolFace } from '../../src/domain/codemode/tool-face.ts';
import { recordedTools } from '../support/recorded-tools.ts';
import { SEARCH_QUERIES } from './search-queries.ts';

const recording = recordedTools();
const isReal = recording.origin === 'recorded definitions';
const namespaces = namespaceNames([...recording.servers.keys()]);
const entries = [...recording.servers].flatMap(([server, tools]) => {
  const names = memberNames(tools.map(({ name }) => name));
  return tools.map((tool) => {
    const face = readToolFace(JSON.stringify(tool), namespaces.get(server) ?? '', names.get(tool.name) ?? '');
    return { of: `${server}/${tool.name}`, entry: readEntry(face) };
  });
});

test('every right answer of the written queries is a tool that exists', () => {
  const known = new Set(entries.map(({ of }) => of));
  const unknown = SEARCH_QUERIES.map(
    ([query, ...right]) => [query, right.filter((name) => known.has(name)).length] as const,
  );
  assert.deepEqual(
    unknown.filter(([, count]) => count === 0),
    [],
  );
  assert.ok(SEARCH_QUERIES.length >= 100);
  const servers = new Set(SEARCH_QUERIES.flatMap(([, ...right]) => right.map((name) => name.split('/')[0])));
  assert.ok(servers.size >= 44, `${servers.size} servers`);
});

test('the right tool is among the first five for 95 of 100 written queries', {
  skip: !isReal && recording.origin,
}, (t) => {
  const view = createSearchView(entries);
  const ranks = SEARCH_QUERIES.map(([query, ...right]) => {
    const found = view.search(query, 20).map(({ of }) => of);
    return { query, rank: found.findIndex((name) => right.includes(name)) + 1 || 99, found };
  });
  const within = (rank: number): number => ranks.filter((each) => each.rank <= rank).length;
  t.diagnostic(
    `of ${ranks.length}: first ${within(1)}, first three ${within(3)}, first five ${within(5)}, first eight ${within(8)}`,
  );
  for (const { query, rank, found } of ranks)
    if (rank > 5) t.diagnostic(`${query}: ${rank}; ${found.slice(0, 5).join(', ')}`);
  assert.ok(within(5) >= 0.95 * ranks.length, `${within(5)} of ${ranks.length}`);
});
