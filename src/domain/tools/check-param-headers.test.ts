import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findHeaderMismatch } from './check-param-headers.ts';

const tool = {
  headerParams: [
    { header: 'Region', path: ['region'] },
    { header: 'Limit', path: ['options', 'limit'] },
  ],
};

test('mirrored arguments must stand in their headers, numbers by value, absent ones not at all', () => {
  const table: [unknown, [string, string][], string | undefined][] = [
    [
      { region: 'eu', options: { limit: 10 } },
      [
        ['region', 'eu'],
        ['limit', '10'],
      ],
      undefined,
    ],
    [
      { region: 'eu', options: { limit: 10 } },
      [
        ['region', 'eu'],
        ['limit', '10.0'],
      ],
      undefined,
    ],
    [{ region: 'eu' }, [['region', 'us']], 'Region'],
    [{ region: 'eu' }, [], 'Region'],
    [{ region: null }, [], undefined],
    [{}, [['region', 'eu']], 'Region'],
    [
      { region: 'eu', options: { limit: 0 } },
      [
        ['region', 'eu'],
        ['limit', ''],
      ],
      'Limit',
    ],
    [{ region: true }, [['region', 'true']], undefined],
    [{}, [['other', 'x']], undefined],
    [undefined, [], undefined],
  ];
  for (const [args, headers, expected] of table)
    assert.equal(findHeaderMismatch(tool, args, new Map(headers)), expected, JSON.stringify([args, headers]));
});
