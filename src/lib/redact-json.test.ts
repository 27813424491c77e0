import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { redactArguments } from './redact-json.ts';

const SECRET = 'hunter2-\u00fc"\\\n';
const written = JSON.stringify(SECRET);

test('only the values at the paths change, every other byte stays', () => {
  const text = '{ "n": 1.0, "auth" : {"token": "s3cret" , "user":"x"},\n"list":[ 1e3,{"token":["a"]} ] }';
  assert.equal(
    redactArguments(text, ['auth.token', 'list.*.token']),
    '{ "n": 1.0, "auth" : {"token": "[redacted]" , "user":"x"},\n"list":[ 1e3,{"token":"[redacted]"} ] }',
  );
  assert.equal(redactArguments(text, []), text);
  assert.equal(redactArguments(text, ['nothing.here', 'n.deeper']), text);
});

test('a star takes one level, and alone everything', () => {
  assert.equal(
    redactArguments('{"a":{"b":1,"c":[2]},"d":3}', ['a.*']),
    '{"a":{"b":"[redacted]","c":"[redacted]"},"d":3}',
  );
  assert.equal(redactArguments('{"a":{"b":1},"d":3}', ['*']), '{"a":"[redacted]","d":"[redacted]"}');
  assert.equal(redactArguments('["x"]', ['*']), '["[redacted]"]');
  assert.equal(redactArguments('"x"', ['*']), '"[redacted]"');
});

test('lists are looked into without a step of their own, and by index', () => {
  assert.equal(
    redactArguments('{"users":[[{"pw":1}],{"pw":2}]}', ['users.pw']),
    '{"users":[[{"pw":"[redacted]"}],{"pw":"[redacted]"}]}',
  );
  assert.equal(redactArguments('{"argv":["-p","x","x"]}', ['argv.1']), '{"argv":["-p","[redacted]","x"]}');
});

test('a name is found also with a dot in it or written with escapes', () => {
  assert.equal(
    redactArguments('{"a.b":1,"\\u0070w":2}', ['a.b', 'pw']),
    '{"a.b":"[redacted]","\\u0070w":"[redacted]"}',
  );
});

test('an object with a member twice goes as a whole', () => {
  assert.equal(redactArguments('{"x":{"pw":1,"pw":2},"y":3}', ['x.pw']), '{"x":"[redacted]","y":3}');
});

const holders: readonly ((secret: string) => unknown)[] = [
  (secret) => secret,
  (secret) => [1, [secret]],
  (secret) => ({ deep: { deeper: secret } }),
];
const plainKey = fc.stringMatching(/^[a-z]{1,6}$/);

test('whatever surrounds it, the secret is gone and all else reads as before', () => {
  fc.assert(
    fc.property(
      fc.array(plainKey, { minLength: 1, maxLength: 5 }),
      fc.dictionary(plainKey, fc.jsonValue()),
      fc.constantFrom(...holders),
      fc.constantFrom(undefined, 2, '\t'),
      fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
      (path, around, hold, space, stars) => {
        const root: Record<string, unknown> = structuredClone(around) as Record<string, unknown>;
        let at = root;
        for (const key of path.slice(0, -1)) at = at[key] = { ...around } as Record<string, unknown>;
        const last = path.at(-1) ?? '';
        at[last] = hold(SECRET);
        const pattern = path.map((key, index) => (stars[index] ? '*' : key)).join('.');
        const output = redactArguments(JSON.stringify(root, null, space), [pattern, 'not.there']);
        assert.ok(!output.includes(written.slice(1, -1)), output);
        const parsed = JSON.parse(output) as Record<string, unknown>;
        if (stars.every((star) => !star)) {
          at[last] = '[redacted]';
          assert.deepEqual(parsed, JSON.parse(JSON.stringify(root)));
        }
      },
    ),
  );
});
