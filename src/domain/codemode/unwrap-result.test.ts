import assert from 'node:assert/strict';
import test from 'node:test';
import { type MediaBlock, mediaIn, unwrapResult } from './unwrap-result.ts';

const unwrap = (result: unknown) => {
  let media = 0;
  return unwrapResult('result', typeof result === 'string' ? result : JSON.stringify(result), () => `m${++media}`);
};
const text = (words: string) => ({ type: 'text', text: words });

test('a script gets structured content as it was written, digits and all', () => {
  const got = unwrap(
    '{"content":[{"type":"text","text":"old"}],"structuredContent":{"id":12345678901234567890,"x":1.0}}',
  );
  assert.deepEqual(got, { type: 'value', value: '{"id":12345678901234567890,"x":1.0}', media: [] });
});

test('a text that is an object or a list is that, any other text is text', () => {
  for (const [content, expected] of [
    [[text(' [1,2.50] ')], '[1,2.50]'],
    [[text('{"a":1}')], '{"a":1}'],
    [[text('{broken')], '"{broken"'],
    [[text('0012')], '"0012"'],
    [[text('true')], '"true"'],
    [[text('a'), text('b')], '"a\\nb"'],
    [[text('{"a":1}'), text('{"a":2}')], '[{"a":1},{"a":2}]'],
    [[], 'null'],
  ] as const)
    assert.deepEqual(unwrap({ content }), { type: 'value', value: expected, media: [] });
});

test('media are handles, and the block behind one is found by its name', () => {
  const image = { type: 'image', data: 'aGVsbG8h', mimeType: 'image/png' };
  const got = unwrap({ content: [text('seen'), image] });
  assert.equal(got.type, 'value');
  if (got.type !== 'value') return;
  assert.deepEqual(JSON.parse(got.value), ['seen', { media: 'm1', type: 'image', mimeType: 'image/png', bytes: 6 }]);
  const known = new Map<string, MediaBlock>(got.media.map((block) => [block.name, block]));
  assert.deepEqual(JSON.parse(mediaIn('{"shown":{"media":"m1"}}', known)[0]?.block ?? ''), image);
  assert.deepEqual(mediaIn('{"shown":"m2"}', known), []);
});

test('an error of a tool is its words, also when it has none', () => {
  assert.deepEqual(unwrap({ isError: true, content: [text('no such'), text('repo')] }), {
    type: 'error',
    message: 'no such\nrepo',
  });
  assert.equal(unwrap({ isError: true, content: [] }).type, 'error');
  assert.deepEqual(
    unwrapResult('rpc-error', '{"code":1,"message":"gone"}', () => ''),
    { type: 'error', message: 'gone' },
  );
  assert.equal(unwrap({ resultType: 'input_required', inputRequests: {} }).type, 'error');
});

test('resources are their text, or a handle, or a link', () => {
  const got = unwrap({
    content: [
      { type: 'resource', resource: { uri: 'a:b', text: '{"k":[]}' } },
      { type: 'resource', resource: { uri: 'a:c', blob: 'AAAA', mimeType: 'application/pdf' } },
      { type: 'resource_link', uri: 'a:d', name: 'd' },
    ],
  });
  assert.deepEqual(got.type === 'value' && JSON.parse(got.value), [
    { k: [] },
    { media: 'm1', mimeType: 'application/pdf', uri: 'a:c', bytes: 3 },
    { uri: 'a:d', name: 'd' },
  ]);
});
