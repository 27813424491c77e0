import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRoutingHeaders } from './read-routing-headers.ts';

test('rules see the x- headers of a client and its user agent, and nothing that proves who it is', () => {
  const all = new Map([
    ...(['x-api-key', 'x-goog-api-key', 'x-portcullis-key', 'x-auth-token', 'x-amz-security-token'] as const).map(
      (name) => [name, 'secret'] as const,
    ),
    ['x-team', 'a'],
    ['x-keyboard', 'b'],
  ]);
  const headers = readRoutingHeaders({
    header: (name) => (name === 'user-agent' ? 'cli/1' : undefined),
    headersWithPrefix: (prefix) => new Map([...all].filter(([name]) => name.startsWith(prefix))),
  });
  assert.deepEqual(
    [...headers],
    [
      ['x-team', 'a'],
      ['x-keyboard', 'b'],
      ['user-agent', 'cli/1'],
    ],
  );
});
