import assert from 'node:assert/strict';
import { BlockList, isIP } from 'node:net';
import { test } from 'node:test';
import fc from 'fast-check';
import { holds, parseAddress, parseNetwork } from './network.ts';

const inside = (block: string, address: string): boolean => {
  const network = parseNetwork(block);
  const parsed = parseAddress(address);
  assert.ok(network && parsed, `${block} ${address}`);
  return holds(network, parsed);
};

test('an address is in a block if it begins with the same bits', () => {
  const table: [string, string, boolean][] = [
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['192.168.1.7', '192.168.1.7', true],
    ['192.168.1.7/32', '192.168.1.8', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['2001:db8::/32', '2001:db8:1::9', true],
    ['2001:db8::/32', '2001:db9::', false],
    ['::/0', '::1', true],
    ['fe80::/10', 'fe80::1%eth0', true],
  ];
  for (const [block, address, expected] of table) assert.equal(inside(block, address), expected, `${block} ${address}`);
});

test('a v4 address written as v6 is the v4 address, and no v6 block holds it', () => {
  assert.ok(inside('10.0.0.0/8', '::ffff:10.1.2.3'));
  assert.ok(inside('10.0.0.0/8', '::ffff:a01:203'));
  assert.ok(inside('::ffff:10.0.0.0/104', '10.1.2.3'));
  assert.ok(!inside('::/0', '10.1.2.3'));
  assert.ok(!inside('0.0.0.0/0', '::1'));
});

test('what is no block is none', () => {
  for (const text of [
    '',
    'x',
    '10.0.0.0/33',
    '10.0.0.1/8',
    '010.0.0.1',
    '10.0.0',
    '1::2::3',
    '::/129',
    '1:2:3',
    '10.0.0.0/',
    '::1/08',
    '1:2:3:4:5:6:7::8:9',
  ])
    assert.equal(parseNetwork(text), undefined, text);
});

test('blocks and addresses mean what they mean to Node', () => {
  const byte = fc.oneof(fc.constantFrom(0, 10, 255), fc.nat(255));
  const v4 = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join('.'));
  const v6 = fc.ipV6().filter((text) => !parseAddress(text) || parseAddress(text)?.bits === 128);
  fc.assert(
    fc.property(fc.oneof(fc.tuple(v4, v4, fc.nat(32)), fc.tuple(v6, v6, fc.nat(128))), ([a, b, prefix]) => {
      const address = parseAddress(a);
      assert.ok(address, a);
      const rest = BigInt(address.bits - prefix);
      const network = { ...address, prefix, value: (address.value >> rest) << rest };
      const list = new BlockList();
      const family = isIP(a) === 4 ? 'ipv4' : 'ipv6';
      list.addSubnet(a, prefix, family);
      for (const each of [a, b]) {
        const parsed = parseAddress(each);
        assert.ok(parsed);
        assert.equal(holds(network, parsed), list.check(each, family), `${a}/${prefix} ${each}`);
      }
    }),
    { numRuns: 3_000 },
  );
});
