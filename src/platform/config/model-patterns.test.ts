// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse-config.ts';

function warningsFor(pattern: string): string[] {
  const keys = [{ name: 'k', value: '${env:KEY}', allow: [pattern] }];
  const text = JSON.stringify({
    mcpServers: { files: { command: 'x' } },
    providers: { fake: {}, '7b': { type: 'fake' } },
    keys,
  });
  const result = parseConfig(text, { file: 'portcullis.json', env: { KEY: 'zR4t-Yq81_mNbVc3' } });
  assert.ok(result.ok, JSON.stringify(result));
  return result.warnings.map(({ message, remedy }) => `${message}; ${remedy}`);
}

test('patterns for models are checked against the providers there are', () => {
  for (const fine of ['*', 'files/*', 'model:*', 'model:fake', 'model:fake/ec*', 'model:f*/x', 'model:7b/x'])
    assert.deepEqual(warningsFor(fine), [], fine);
  assert.deepEqual(warningsFor('model:fakee/echo'), ['there is no provider of this name; did you mean "fake"?']);
  assert.deepEqual(warningsFor('model:openai/*'), ['there is no provider of this name; write it under "providers"']);
});

test('a pattern that forgets to say that it is about models is told how to', () => {
  assert.deepEqual(warningsFor('fake/echo'), [
    'there is no server with this id; for its models write "model:fake/echo"',
  ]);
});
