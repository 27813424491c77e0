import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeClient } from './describe-client.ts';

test('a client is what its header says, with the version of its first product', () => {
  const versionOf = (agent: string): unknown => JSON.parse(describeClient(agent) ?? '').version;
  assert.equal(describeClient(undefined), undefined);
  assert.deepEqual(JSON.parse(describeClient('curl/8.5.0') ?? ''), { name: 'curl/8.5.0', version: '8.5.0' });
  assert.equal(versionOf('Mozilla/5.0 (X11; Linux) Chrome/120'), '5.0');
  assert.deepEqual(['someone', '', 'a b/1', '/1', 'x/(y)'].map(versionOf), ['', '', '', '', '']);
  assert.equal(JSON.parse(describeClient('x'.repeat(1_000)) ?? '').name.length, 200);
});
