import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { diffDefinition, meansTheSame } from './diff-definition.ts';

const tool = (changes: object = {}) => ({
  name: 'send',
  description: 'Sends',
  inputSchema: { type: 'object', properties: { to: { type: 'string', description: 'who' } }, required: ['to'] },
  annotations: { readOnlyHint: true, destructiveHint: false },
  ...changes,
});

test('a difference says field, before, after, and what is dangerous about it', () => {
  const after = tool({
    inputSchema: { type: 'object', properties: { to: { type: 'number' }, bcc: {} }, required: ['to', 'bcc'] },
    annotations: { destructiveHint: false },
    title: 'Send',
  });
  assert.deepEqual(
    diffDefinition(tool(), after).map(({ path, danger }) => [path, danger]),
    [
      ['inputSchema.properties.to.type', 'other values are accepted'],
      ['inputSchema.properties.to.description', undefined],
      ['inputSchema.properties.bcc', 'a new argument'],
      ['inputSchema.required', 'now requires "bcc"'],
      ['annotations.readOnlyHint', 'is no longer read-only'],
      ['title', undefined],
    ],
  );
  const bare = diffDefinition(tool(), tool({ annotations: undefined }));
  assert.equal(bare[0]?.danger, 'is no longer read-only');
});

test('there is a difference exactly where two values differ', () => {
  const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
  fc.assert(fc.property(json, (value) => assert.deepEqual(diffDefinition(value, structuredClone(value)), [])));
  fc.assert(
    fc.property(json, fc.string(), json, (value, key, extra) => {
      const [change, ...more] = diffDefinition({ value }, { value, [`+${key}`]: extra });
      assert.deepEqual([change?.before, change?.after, more], [undefined, extra, []]);
    }),
  );
});

test('words may change and a call means the same; arguments, answers and promises may not', () => {
  const same = [
    { description: 'Transmits' },
    { title: 'X', icons: [], _meta: { a: 1 } },
    { inputSchema: { type: 'object', properties: { to: { type: 'string', title: 't' } }, required: ['to'] } },
    { annotations: { readOnlyHint: true, destructiveHint: false, title: 'X' } },
  ];
  const other = [
    { inputSchema: { type: 'object', properties: { to: { type: 'string' }, title: {} }, required: ['to'] } },
    { inputSchema: { type: 'object', properties: { to: { type: 'string' } } } },
    { outputSchema: { type: 'object' } },
    { annotations: { destructiveHint: false } },
    { annotations: undefined },
    { annotations: { readOnlyHint: true, destructiveHint: true } },
  ];
  for (const changes of same) assert.ok(meansTheSame(tool(), tool(changes)), JSON.stringify(changes));
  for (const changes of other) assert.ok(!meansTheSame(tool(), tool(changes)), JSON.stringify(changes));
});
