/** No request gets through that the gateway and the server behind it could read as two different ones. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { GatewayError } from '../../src/contracts/errors.ts';
import type { ParsedJson } from '../../src/contracts/json.ts';
import { type Envelope, readMessages } from '../../src/edges/mcp/read-message.ts';
import { decodeMessage as decodeLegacy } from '../../src/edges/mcp/rev-2025/decode.ts';
import { decodeMessage as decodeModern } from '../../src/edges/mcp/rev-2026/decode-message.ts';
import { countKeys, countMembers, DuplicateMemberError, scanMembers } from '../../src/lib/json-text.ts';
import { writeLegacyMeta, writeModernMeta } from '../../src/upstreams/mcp/request-meta.ts';
import { asRead, isUnambiguous, READERS, readMember, readTree, readValue, type Tree } from '../support/json-readers.ts';

const RUNS = { numRuns: 2_000 };
const MAX_DEPTH = 12;

/** The same name in the ways somebody could write it who wants to be read in two ways. */
const spelled = (name: string): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(JSON.stringify(name)) },
    fc.nat(Math.max(0, name.length - 1)).map((at) => {
      const code = name.charCodeAt(at).toString(16).padStart(4, '0');
      return `"${name.slice(0, at)}\\u${code}${name.slice(at + 1)}"`;
    }),
    fc.constantFrom(
      JSON.stringify(name.toUpperCase()),
      JSON.stringify(name.charAt(0).toUpperCase() + name.slice(1)),
      JSON.stringify(name.replace('s', 'ſ').replace('k', 'K')),
      JSON.stringify(`${name}\0`),
      JSON.stringify(`${name}\0x`),
      JSON.stringify(` ${name}`),
      JSON.stringify(`${name}"`),
      JSON.stringify(`\\${name}`),
    ),
  );

const NAMES = ['method', 'params', 'name', 'arguments', '_meta', 'id', 'jsonrpc', 'uri', 'ref', 'path', '__proto__'];
const META_NAMES = ['progressToken', 'traceparent', 'io.modelcontextprotocol/protocolVersion', 'mine'];
const keyText = fc.oneof(
  fc.constantFrom(...NAMES, ...META_NAMES).chain(spelled),
  fc.string({ unit: 'binary', maxLength: 4 }).map((key) => JSON.stringify(key)),
);
const gap = fc.constantFrom('', '', '', ' ', '\n', '\t\r');

const scalarText = fc.oneof(
  fc.constantFrom('1', '1.0', '-0', '1e3', 'true', 'null', '"a"', '"tools/call"', '"2.0"', '"\\ud800"', '"\\"}{,:"'),
  fc.string({ unit: 'binary', maxLength: 5 }).map((text) => JSON.stringify(text)),
);
const { valueText } = fc.letrec<{ valueText: string }>((tie) => ({
  valueText: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    scalarText,
    fc.array(tie('valueText'), { maxLength: 3 }).map((parts) => `[${parts.join(',')}]`),
    objectText(tie('valueText')),
  ),
}));

function objectText(value: fc.Arbitrary<string>, key = keyText): fc.Arbitrary<string> {
  return fc
    .array(fc.tuple(key, gap, value, gap), { maxLength: 4 })
    .map((parts) => `{${parts.map(([k, a, v, b]) => `${a}${k}${b}:${a}${v}${b}`).join(',')}}`);
}

/** A proper request in most of its parts, with other members before, between and behind. */
const requestText = fc
  .record({
    name: fc.oneof(spelled('name'), spelled('uri')),
    target: fc.oneof(fc.constant('"tool"'), scalarText),
    args: objectText(valueText),
    meta: objectText(valueText, fc.oneof(fc.constantFrom(...META_NAMES).chain(spelled), keyText)),
    keys: fc.tuple(spelled('method'), spelled('params'), spelled('arguments'), spelled('_meta'), spelled('id')),
    more: fc.array(fc.tuple(keyText, valueText), { maxLength: 2 }),
    outer: fc.array(fc.tuple(keyText, valueText), { maxLength: 1 }),
    order: fc.infiniteStream(fc.nat(100)),
  })
  .map(({ name, target, args, meta, keys: [method, params, given, metaKey, id], more, outer, order }) => {
    const shuffled = (parts: string[]): string =>
      parts
        .map((part) => ({ part, rank: order.next().value ?? 0 }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ part }) => part)
        .join(',');
    const pairs = (list: [string, string][]): string[] => list.map(([key, value]) => `${key}:${value}`);
    const inner = shuffled([`${name}:${target}`, `${given}:${args}`, `${metaKey}:${meta}`, ...pairs(more)]);
    return `{${shuffled(['"jsonrpc":"2.0"', `${id}:7`, `${method}:"tools/call"`, `${params}:{${inner}}`, ...pairs(outer)])}}`;
  });

/** What a fuzzer of bytes would do to it. */
const mutated = fc
  .tuple(
    requestText,
    fc.array(fc.tuple(fc.nat(400), fc.constantFrom('"', '\\', '{', '}', ',', ':', '\0', ' ', 'name', '')), {
      maxLength: 2,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce((now, [at, put]) => now.slice(0, at) + put + now.slice(at + (put === '' ? 1 : 0)), text),
  );

/** The envelope, or undefined if the body is refused, which is always by an error of ours. */
function accepted(text: string): Envelope | undefined {
  try {
    const body = readMessages(text, MAX_DEPTH);
    return body.type === 'single' ? body.envelope : undefined;
  } catch (error) {
    assert.ok(error instanceof GatewayError, `${String(error)} for ${text}`);
    return undefined;
  }
}

/** Whatever the edge hands on of a request, and what each era's server gets, say the same to every reader. */
function assertOneReading(text: string): boolean {
  const envelope = accepted(text);
  if (envelope === undefined || typeof envelope.value.method !== 'string') return false;
  const tree = readTree(text);
  for (const reader of READERS) {
    const same = (found: Tree | undefined, ours: unknown, what: string): void =>
      assert.deepEqual(readValue(reader, found), asRead(ours), `${what}, by one who ${reader.name}: ${text}`);
    for (const key of ['jsonrpc', 'id', 'method']) same(readMember(reader, tree, key), envelope.value[key], key);
    const params = envelope.value.params;
    if (typeof params !== 'object' || params === null || Array.isArray(params)) continue;
    const given = params as { readonly [key: string]: unknown };
    const meta = given._meta;
    for (const whole of [readMember(reader, tree, 'params'), readTree(envelope.params ?? '')]) {
      for (const key of ['name', 'uri', 'arguments', 'ref', 'cursor', '_meta'])
        same(readMember(reader, whole, key), given[key], key);
      if (typeof meta === 'object' && meta !== null && !Array.isArray(meta))
        for (const key of META_NAMES.slice(0, 3))
          same(readMember(reader, readMember(reader, whole, '_meta'), key), (meta as typeof given)[key], key);
    }
  }
  return true;
}

test('what is accepted reads the same to every reader: last, first, any case, up to a NUL', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.oneof(requestText, mutated), (text) => {
      if (assertOneReading(text)) taken++;
    }),
    RUNS,
  );
  assert.ok(taken > RUNS.numRuns / 20, `only ${taken} were accepted at all: the generator proves nothing`);
});

test('what the server gets differs from what was decided on only by its own name and the keys of the hop', () => {
  let taken = 0;
  const hop = { progressToken: 5, traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };
  fc.assert(
    fc.property(fc.oneof(requestText, mutated), (text) => {
      const envelope = accepted(text);
      if (envelope?.value.jsonrpc !== '2.0' || typeof envelope.value.method !== 'string') return;
      for (const decode of [decodeLegacy, decodeModern]) {
        let params: ReturnType<typeof decodeLegacy> | ReturnType<typeof decodeModern>;
        try {
          params = decode(envelope);
        } catch (error) {
          assert.ok(error instanceof GatewayError);
          continue;
        }
        if (params.type !== 'request' || params.params === undefined) continue;
        const { text: given, value, scan }: ParsedJson = params.params;
        if (typeof value.name !== 'string') continue;
        taken++;
        const hints = { name: 'own "name"', ...(scan === undefined ? {} : { scan }) };
        const legacy = writeLegacyMeta(given, hop, hints);
        const modern = writeModernMeta(
          given,
          {
            ...hop,
            protocolVersion: '2026-07-28',
            clientInfo: '{"name":"c"}',
            capabilities: '{}',
            logLevel: undefined,
          },
          hints,
        );
        for (const written of [legacy, modern]) {
          const tree = readTree(written);
          assert.ok(isUnambiguous(tree), written);
          for (const reader of READERS) {
            assert.deepEqual(readValue(reader, readMember(reader, tree, 'name')), 'own "name"', written);
            const args = readMember(reader, tree, 'arguments');
            assert.deepEqual(readValue(reader, args), asRead(value.arguments), written);
          }
        }
      }
    }),
    RUNS,
  );
  assert.ok(taken > RUNS.numRuns / 20, `only ${taken} were looked at`);
});

test('the scanner sees the members JSON.parse sees, where they stand, and every duplicate', () => {
  fc.assert(
    fc.property(fc.oneof(objectText(valueText), requestText, mutated), (text) => {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch {
        return;
      }
      const tree = readTree(text);
      assert.equal(countMembers(text, 1_000) === countKeys(value), isUnambiguous(tree), text);
      if (tree.type !== 'object') return;
      const keys = tree.members.map(([key]) => key);
      if (new Set(keys).size < keys.length) {
        assert.throws(() => scanMembers(text), DuplicateMemberError);
        return;
      }
      const members = scanMembers(text);
      assert.deepEqual(
        members.map((member) => [member.key, JSON.parse(text.slice(member.valueStart, member.valueEnd))]),
        keys.map((key) => [key, (value as { readonly [key: string]: unknown })[key]]),
      );
      for (const { key, keyStart, valueStart } of members)
        assert.equal(
          JSON.parse(text.slice(keyStart, text.lastIndexOf('"', text.lastIndexOf(':', valueStart)) + 1)),
          key,
        );
    }),
    RUNS,
  );
});

const refused = [
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"path":"/a","path":"/b"}}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"x":[{"p":1,"\\u0070":2}]}}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","Name":"b"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name\\u0000":"b"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","argumentſ":{}}}',
  '{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"a","NAME":"b"}}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","_meta":{"progresstoken":1}}}',
  '{"jsonrpc":"2.0","id":1,"method":"tasks/get","params":{"taskId":"a","TaskId":"b"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","RequestState":"b"}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","inputResponses\\u0000":{}}}',
  '{"jsonrpc":"2.0","id":1,"method":"tools/call","method":"tools/list"}',
  '{"jsonrpc":"2.0","id":1,"Method":"tools/call","method":"tools/list"}',
];
for (const text of refused)
  test(`refused as ambiguous: ${text.slice(25)}`, () => assert.equal(accepted(text), undefined));

test('the same names elsewhere, and escapes that say what they say, get through', () => {
  for (const text of [
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{"name":"b","Name":"c","method":{"params":1}}}}',
    '{"jsonrpc":"2.0","id":1,"m\\u0065thod":"tools/call","params":{"n\\u0061me":"\\u0061"}}',
    // What a client answers to a server's question is the server's to judge.
    '{"jsonrpc":"2.0","id":1,"result":{"content":{"x":1,"x":2}}}',
  ])
    assert.notEqual(accepted(text), undefined, text);
});
