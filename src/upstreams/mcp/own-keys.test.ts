import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readPrompts, readResources, readTools } from './offered-items.ts';
import { isOwnKey, stripOwnMeta, stripOwnMetaOfReply } from './own-keys.ts';
import { writeLegacyMeta, writeModernMeta } from './request-meta.ts';

const own = fc
  .tuple(fc.constantFrom('portcullis.dev/', 'dev.portcullis/', 'dev.portcullis.deep/'), fc.string())
  .map(([prefix, name]) => prefix + name);
const foreign = fc.string().filter((key) => key !== '__proto__' && !isOwnKey(key));
const meta = fc.dictionary(fc.oneof(own, foreign), fc.jsonValue());
const keysOf = (text: string): string[] => Object.keys(JSON.parse(text)._meta ?? {});

/** Keys spelt with escapes are the same keys. */
const escaped = (value: object): string =>
  JSON.stringify(value).replace(
    /portcullis|_meta/g,
    (word) => `\\u00${word.charCodeAt(0).toString(16)}${word.slice(1)}`,
  );

test('our keys come in by no way, however they are spelt, and everything else stays', () => {
  const hop = { progressToken: undefined, traceparent: undefined };
  const envelope = { protocolVersion: 'v', clientInfo: '{}', capabilities: '{}', logLevel: undefined };
  fc.assert(
    fc.property(meta, fc.boolean(), (_meta, spell) => {
      const write = spell ? escaped : JSON.stringify;
      const object = { name: 'n', uri: 'a:1', inputSchema: { type: 'object' }, _meta };
      const text = write(object);
      const listed = [{ text, value: JSON.parse(text) }];
      const fail = (fault: string): never => assert.fail(fault);
      const ways = [
        stripOwnMeta(text, JSON.parse(text)),
        ...readTools(listed, true, fail).map((item) => item.text),
        ...readPrompts(listed, fail).map((item) => item.text),
        ...readResources(listed, fail).map((item) => item.text),
        (stripOwnMetaOfReply({ result: text }) as { result: string }).result,
        writeLegacyMeta(text, hop),
        writeModernMeta(text, { ...hop, ...envelope }),
      ];
      const expected = Object.keys(_meta).filter((key) => !isOwnKey(key));
      assert.equal(ways.length, 7);
      for (const way of ways) {
        assert.deepEqual(keysOf(way).filter(isOwnKey), []);
        for (const key of expected) if (key !== 'progressToken') assert.ok(keysOf(way).includes(key), key);
        assert.equal(JSON.parse(way).name, 'n');
      }
    }),
  );
});

test('an item whose _meta could be read in two ways is left out, the others stay', () => {
  const text = '{"name":"p","_meta":{"x":0,"portcullis.dev/a":1,"portcullis.dev/a":2}}';
  const faults: string[] = [];
  const good = { text: '{"name":"q"}', value: { name: 'q' } };
  const kept = readPrompts([{ text, value: JSON.parse(text) }, good], (fault) => faults.push(fault));
  assert.deepEqual([kept.map((prompt) => prompt.name), faults.length], [['q'], 1]);
});

test('an answer that is an error, or has no _meta, is the very same object', () => {
  for (const reply of [{ error: '{"code":1}' }, { result: '{"a":1}' }]) assert.equal(stripOwnMetaOfReply(reply), reply);
});
