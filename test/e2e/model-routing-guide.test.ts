/** The guide on routing says what is: its configuration is accepted, its table is the one that is followed. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { AFTER_FAILURE } from '../../src/domain/models/after-failure.ts';
import { parseConfig } from '../../src/platform/config/parse-config.ts';
import { ROOT } from '../support/gateway.ts';

const guide = await readFile(join(ROOT, 'docs/guide/model-routing.md'), 'utf8');

test('the configuration in the guide is accepted as it stands', () => {
  const blocks = [...guide.matchAll(/```jsonc\n(.*?)```/gs)].map(([, text = '']) => text);
  assert.equal(blocks.length, 1);
  for (const text of blocks) {
    const result = parseConfig(text, { file: 'portcullis.json', env: {} });
    assert.deepEqual(result.ok ? [] : result.problems, []);
  }
});

const AGAIN = { no: /^no$/, later: /^after a pause$/, 'other-key': /^with its next key at once/ };
const NEXT = { target: /^next target$/, stage: /^next stage$/, nowhere: /^(the caller is told|nobody is asked)$/ };

test('the table of failures names every one, and what follows it', () => {
  const rows = [...guide.matchAll(/^\| `([a-z-]+)` \|[^|]*\| ([^|]*) \| ([^|]*) \|$/gm)];
  assert.deepEqual(rows.map(([, kind]) => kind).toSorted(), Object.keys(AFTER_FAILURE).toSorted());
  for (const [, kind = '', again = '', next = ''] of rows) {
    const rule = AFTER_FAILURE[kind as keyof typeof AFTER_FAILURE];
    assert.match(again, AGAIN[rule.again], kind);
    assert.match(next, NEXT[rule.next], kind);
  }
  const unsafe = Object.entries(AFTER_FAILURE).flatMap(([kind, { mayHaveActed }]) => (mayHaveActed ? [kind] : []));
  const said = /may have taken effect: after\s+([^.]*)\./.exec(guide)?.[1] ?? '';
  assert.deepEqual([...said.matchAll(/`([a-z-]+)`/g)].map(([, kind]) => kind).toSorted(), unsafe.toSorted());
});
