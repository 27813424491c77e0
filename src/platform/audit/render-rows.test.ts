import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderCsv, renderJsonl } from './render-rows.ts';
import { makeFinish, makeIntent } from './testing/make-call.ts';
import type { SeqRow } from './trail-row.ts';

const row: SeqRow = { seq: 7, ...makeIntent('a', { arguments: '{"n": 1.0}' }), ...makeFinish('a') };

test('a JSON line holds the arguments as they were, to the byte, and the time for people', () => {
  const line = renderJsonl([row]);
  assert.ok(line.endsWith('"arguments":{"n": 1.0}}\n'));
  const parsed = JSON.parse(line) as Record<string, unknown>;
  assert.deepEqual(
    [parsed.seq, parsed.at, parsed.atMs, parsed.result],
    [7, '2026-11-18T11:06:40.000Z', 1_795_000_000_000, 'ok'],
  );
  assert.equal(
    renderJsonl([{ ...row, arguments: undefined }, row])
      .trimEnd()
      .split('\n').length,
    2,
  );
});

test('CSV quotes what has to be quoted and has as many cells as its header', () => {
  const csv = renderCsv([{ ...row, name: 'a "b", c\r\nd', result: undefined }]);
  assert.ok(csv.endsWith('\r\n'));
  const [header = '', ...rest] = csv.split('\r\n');
  assert.ok(rest.join('\r\n').includes(',"a ""b"", c\r\nd",'));
  assert.equal(renderCsv([row], { header: false }).includes('seq'), false);
  assert.equal(header.split(',').length, 38);
  assert.equal(renderCsv([{ ...row, arguments: undefined }], { header: false }).split(',').length, 38);
});

test('no cell is a formula to a spreadsheet', () => {
  for (const evil of ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', ' =1', '=HYPERLINK("x","y")']) {
    const csv = renderCsv([{ ...row, name: evil, keyName: evil, client: evil }], { header: false });
    assert.equal(csv.split("'").length, 4, evil);
    assert.doesNotMatch(csv, /(^|,)"?\s*[=+\-@]/);
  }
});

test('a call of a model has its figures in cells of their own, and as one object in JSON', () => {
  const model: SeqRow['model'] = {
    usage: { inputTokens: 12, outputTokens: 3, cachedTokens: 8, estimated: true },
    ...{ firstByteMs: 4.5, stop: 'end', dropped: ['seed', 'top_k'], attempts: [] },
  };
  const modelRow = { ...row, kind: 'chat' as const, arguments: undefined, model };
  assert.ok(renderCsv([modelRow], { header: false }).endsWith(',12,3,8,,true,4.5,end,[],seed top_k,,,,,,,\r\n'));
  assert.deepEqual((JSON.parse(renderJsonl([modelRow])) as { model: unknown }).model, model);
});
