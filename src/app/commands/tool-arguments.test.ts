import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError } from './command-error.ts';
import { headersForTool, parseArguments } from './tool-arguments.ts';

const schema = {
  properties: {
    text: { type: 'string' },
    n: { type: 'number' },
    on: { type: 'boolean' },
    any: {},
    tags: { type: 'array' },
  },
};

test('pairs are typed by the schema, and win over the JSON', () => {
  const pairs = ['text=5', 'n=5', 'on=true', 'any=[1]', 'tags=["a=b"]', 'other=plain words'];
  assert.deepEqual(parseArguments('{"n": 1, "keep": null}', pairs, schema), {
    keep: null,
    text: '5',
    n: 5,
    on: true,
    any: [1],
    tags: ['a=b'],
    other: 'plain words',
  });
});

test('an argument named like an object member of JavaScript is only an argument', () => {
  const args = parseArguments(undefined, ['__proto__=1', 'constructor=x'], schema);
  assert.deepEqual(Object.keys(args), ['__proto__', 'constructor']);
});

test('what does not fit is a usage error that names the option', () => {
  for (const [json, pair, message] of [
    ['{', undefined, /--args is not valid JSON/],
    ['[1]', undefined, /--args wants a JSON object/],
    [undefined, 'novalue', /--arg wants name=value/],
    [undefined, 'n=five', /--arg n: "five" is no number/],
  ] as const) {
    assert.throws(
      () => parseArguments(json, pair === undefined ? [] : [pair], schema),
      (error: unknown) => error instanceof CommandError && error.exitCode === 2 && message.test(error.message),
    );
  }
});

test('arguments that a schema mirrors become headers, others do not', () => {
  const mirrored = {
    properties: {
      region: { type: 'string', 'x-mcp-header': 'Region' },
      deep: { properties: { n: { type: 'integer', 'x-mcp-header': 'Deep-N' } } },
      plain: { type: 'string' },
    },
  };
  assert.deepEqual(headersForTool(mirrored, { region: 'Zürich', deep: { n: 7 }, plain: 'x' }), {
    'mcp-param-region': `=?base64?${Buffer.from('Zürich').toString('base64')}?=`,
    'mcp-param-deep-n': '7',
  });
  assert.deepEqual(headersForTool(mirrored, { region: null }), {});
});
