import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createToolNames } from './tool-names.ts';

const RULES = { character: /^[a-zA-Z0-9_-]$/, first: /^[a-zA-Z_]$/, maxChars: 64 };

test('a name that fits stays as it is', () => {
  const names = createToolNames(RULES);
  assert.equal(names.toWire('github__create_issue'), 'github__create_issue');
  assert.deepEqual(names.fromWire('github__create_issue'), { name: 'github__create_issue', namespace: undefined });
});

test('any names become valid, different wire names, the same every time, and come back', () => {
  const name = fc.record({
    name: fc.string({ minLength: 1, maxLength: 90 }),
    namespace: fc.option(fc.string({ minLength: 1, maxLength: 20 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(
      fc.uniqueArray(name, { selector: ({ name, namespace }) => JSON.stringify([name, namespace]) }),
      (given) => {
        const names = createToolNames(RULES);
        const wire = given.map((each) => names.toWire(each.name, each.namespace));
        assert.equal(new Set(wire).size, given.length);
        for (const [i, each] of wire.entries()) {
          assert.match(each, /^[a-zA-Z_][a-zA-Z0-9_-]{0,63}$/);
          assert.deepEqual(names.fromWire(each), { name: given[i]?.name, namespace: given[i]?.namespace });
          assert.equal(names.toWire(given[i]?.name ?? '', given[i]?.namespace), each);
        }
      },
    ),
  );
});

test('a name nobody declared comes back as the model wrote it', () => {
  assert.deepEqual(createToolNames(RULES).fromWire('made_up'), { name: 'made_up' });
});
