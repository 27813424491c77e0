import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../contracts/errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { readWishes } from './read-wishes.ts';

const exchangeOf = (headers: { readonly [name: string]: string }): Exchange =>
  ({ header: (name: string) => headers[name], narrowing: { servers: undefined, tools: undefined } }) as never;

test('agent mode and the run to go on with are read from their headers', () => {
  const { agent, runId } = readWishes(
    exchangeOf({ 'x-portcullis-agent': 'on', 'x-portcullis-run': '01990000-0000-7000-8000-000000000001' }),
  );
  assert.deepEqual([agent, runId], ['on', '01990000-0000-7000-8000-000000000001']);
  assert.equal(readWishes(exchangeOf({})).agent, undefined);
});

test('what they cannot mean is refused by the name of the header', () => {
  const bad = { 'x-portcullis-agent': ['yes', 'ON', ''], 'x-portcullis-run': ['', 'a b', 'x'.repeat(65), '../1', 'é'] };
  for (const [name, values] of Object.entries(bad))
    for (const value of values)
      assert.throws(
        () => readWishes(exchangeOf({ [name]: value })),
        (error) => error instanceof GatewayError && error.code === 'invalid_request' && error.message.includes(name),
        `${name}: ${value}`,
      );
});
