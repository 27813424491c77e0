import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ModelNote } from '../../contracts/trail.ts';
import { decodeLine, encodeFinish, encodeIntent, encodeRecord, MAX_ARGUMENT_BYTES } from './journal-line.ts';
import { makeFinish, makeIntent } from './testing/make-call.ts';

test('what is encoded is one line and decodes to the same fields', () => {
  const text = fc.string({ maxLength: 200, unit: 'binary' });
  fc.assert(
    fc.property(text, fc.option(text, { nil: undefined }), fc.json(), (name, client, json) => {
      const intent = makeIntent('id', { name, client, arguments: json });
      for (const line of [encodeIntent(intent), encodeRecord(intent, makeFinish('id'))]) {
        assert.equal(line.indexOf('\n'), line.length - 1);
        const decoded = decodeLine(line.slice(0, -1));
        assert.ok(decoded?.type === 'intent' || decoded?.type === 'record');
        assert.deepEqual([decoded.columns[9], decoded.columns[11], decoded.columns[12]], [name, client ?? null, json]);
      }
    }),
  );
  assert.deepEqual(decodeLine(encodeFinish(makeFinish('id', { error: 'x' })).trimEnd()), {
    type: 'finish',
    id: 'id',
    columns: ['ok', 'x', 10, 2.5, 2, null, null, null, null, null, null, null, null, null],
    run: null,
  });
  const policy = { verdict: 'deny', rule: 'no-force' } as const;
  const decoded = decodeLine(encodeRecord(makeIntent('id'), makeFinish('id', { policy })).trimEnd());
  assert.ok(decoded?.type === 'record');
  assert.equal(decoded.finish[5], JSON.stringify(policy));
  const paid = { cached: true, priceMicroUsd: 7 };
  for (const [fields, ...columns] of [
    [paid, 1, 7],
    [{ cached: true }, 1, null],
    [{ priceMicroUsd: 0 }, null, 0],
  ] as const) {
    const finish = makeFinish('id', fields);
    const lines = [encodeFinish(finish), encodeRecord(makeIntent('id'), finish)].map((line) =>
      decodeLine(line.trimEnd()),
    );
    const [alone, together] = lines;
    assert.deepEqual(alone?.type === 'finish' && alone.columns.slice(6, 8), columns);
    assert.deepEqual(together?.type === 'record' && together.finish.slice(6, 8), columns);
  }
});

test('a line cut anywhere, or made of anything, is damage and nothing worse', () => {
  const line = encodeRecord(makeIntent('id', { arguments: undefined }), makeFinish('id')).trimEnd();
  for (let end = 0; end < line.length; end++) assert.equal(decodeLine(line.slice(0, end)), undefined);
  fc.assert(fc.property(fc.json(), (json) => decodeLine(json) === undefined));
  for (const bad of ['["f","id","ok",null,"x",1,1]', '["i",1]', '["f","id",null,null,1,1,1]', 'null', '\0\0\0'])
    assert.equal(decodeLine(bad), undefined, bad);
});

test('large arguments are replaced by their size and digest, measured in bytes', () => {
  const fits = JSON.stringify({ a: 'x'.repeat(MAX_ARGUMENT_BYTES - 8) });
  assert.equal(Buffer.byteLength(fits), MAX_ARGUMENT_BYTES);
  assert.ok(encodeIntent(makeIntent('id', { arguments: fits })).endsWith(`\t${fits}\n`));
  const large = JSON.stringify({ a: '€'.repeat(MAX_ARGUMENT_BYTES / 3) });
  const line = encodeIntent(makeIntent('id', { arguments: large }));
  assert.deepEqual(JSON.parse(line.slice(line.indexOf('\t'))), {
    truncated: true,
    bytes: Buffer.byteLength(large),
    sha256: createHash('sha256').update(large).digest('hex'),
  });
});

test('no field a client may choose makes a line longer than a reader takes at once', () => {
  const huge = '\u0001'.repeat(1e6);
  const intent = makeIntent(huge, {
    name: huge,
    target: huge,
    client: huge,
    keyName: huge,
    arguments: `"${'€'.repeat(5_000)}"`,
  });
  assert.ok(Buffer.byteLength(encodeRecord(intent, makeFinish('id', { error: huge }))) < 200_000);
});

test('figures of a model take columns, the rest of its note one text; lines of before have none', () => {
  const model = {
    usage: { inputTokens: 12, outputTokens: 3, reasoningTokens: 2, searches: 1 },
    ...{ firstByteMs: 4.5, stop: 'end' as const, attempts: [] },
  };
  const rest = '{"stop":"end","attempts":[],"usage":{"searches":1}}';
  const line = decodeLine(encodeFinish(makeFinish('id', { model })).trimEnd());
  assert.deepEqual(line?.type === 'finish' && line.columns.slice(6), [null, null, 12, 3, null, 2, 4.5, rest]);
  const silent = decodeLine(encodeFinish(makeFinish('id', { model: { attempts: [] } })).trimEnd());
  const nothing = [null, null, null, null, null, null, null, '{"attempts":[]}'];
  assert.deepEqual(silent?.type === 'finish' && silent.columns.slice(6), nothing);
  assert.equal(decodeLine('["f","id","ok",null,1,1,1,null,1,7]')?.type, 'finish');
});

test('what a call carried out, for which run, and who allowed it stands beside levels and labels; old lines have none of it', () => {
  const executing = { runId: 'run-1', suggestionId: 'sug_1', authority: 'approval:apr_1' };
  const labels = '{"customer":"x"}';
  for (const [fields, columns] of [
    [{}, [null, null, null, null, null, null, null]],
    [executing, [null, null, null, null, 'run-1', 'sug_1', 'approval:apr_1']],
    [{ authority: 'rule:x' }, [null, null, null, null, null, null, 'rule:x']],
    [
      { ...executing, userId: 'user_1', labels: { customer: 'x' } },
      ['user_1', null, null, labels, 'run-1', 'sug_1', 'approval:apr_1'],
    ],
  ] as const) {
    const intent = makeIntent('id', fields);
    for (const text of [encodeIntent({ ...intent, reservedMicroUsd: 5 }), encodeRecord(intent, makeFinish('id'))]) {
      const line = decodeLine(text.trimEnd());
      assert.ok(line?.type === 'intent' || line?.type === 'record');
      assert.deepEqual(line.columns.slice(14), columns);
    }
  }
  const before = `["i","id",null,"t",1,"tools.call","mcp",null,null,null,"n",null,null,7,{"u":"user_1","t":null}]`;
  const old = decodeLine(before);
  assert.deepEqual(old?.type === 'intent' && old.columns.slice(13), [7, 'user_1', ...Array(6).fill(null)]);
});

test('a run that was found only after the intent was written comes with the end', () => {
  for (const fields of [{}, { priceMicroUsd: 3 }, { model: { attempts: [] } }]) {
    const line = decodeLine(encodeFinish(makeFinish('id', { ...fields, runId: 'run-1' })).trimEnd());
    assert.deepEqual(line?.type === 'finish' && [line.run, line.columns.length], ['run-1', 14]);
  }
});

test('the note of a model is the same, whatever its names are and whatever it says besides', () => {
  const name = fc.oneof(fc.constantFrom('gpt-5', 'bench/bench-1', 'a"b', 'c\\\\d', 'é'), fc.string());
  const attempt = fc.record(
    {
      provider: name,
      model: name,
      durationMs: fc.double({ min: 0, max: 1e6, noNaN: true }),
      key: name,
      status: fc.nat(),
    },
    { requiredKeys: ['provider', 'model', 'durationMs'] },
  );
  const note = fc.record(
    {
      attempts: fc.array(attempt, { maxLength: 2 }),
      stop: fc.constantFrom('end' as const, 'max-tokens' as const),
      rule: name,
      dropped: fc.array(name),
      usage: fc.record({ inputTokens: fc.nat(), outputTokens: fc.nat() }),
    },
    { requiredKeys: ['attempts'] },
  );
  fc.assert(
    fc.property(note, fc.option(fc.constant('run'), { nil: undefined }), (model, runId) => {
      const finish = { ...makeFinish('id', { model: model as unknown as ModelNote }), runId };
      const alone = decodeLine(encodeFinish(finish).trimEnd());
      const together = decodeLine(encodeRecord(makeIntent('id', { runId }), finish).trimEnd());
      assert.ok(alone?.type === 'finish' && together?.type === 'record');
      const { usage, ...rest } = model;
      for (const columns of [alone.columns, together.finish]) {
        assert.deepEqual(JSON.parse(String(columns[13])), JSON.parse(JSON.stringify(rest)));
        assert.equal(columns[8], usage?.inputTokens ?? null);
      }
    }),
  );
});
