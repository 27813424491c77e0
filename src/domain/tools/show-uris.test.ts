import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DuplicateMemberError } from '../../lib/json-text.ts';
import { mayHoldUris, pointedUris, showPointers, showUrisInResult } from './show-uris.ts';

const show = (uri: string): string => `s+${uri}`;

test('links and embedded resources of tool results are rewritten, text and structured content are not', () => {
  const text =
    '{ "content":[{"type":"text","text":"see memo:x", "uri":"memo:x"},{"type":"resource_link","uri":"memo:x","n":1.0},' +
    '{"resource":{"uri":"memo:\\u0079","text":"\\"uri\\":\\"memo:x\\""},"type":"resource"}],"structuredContent":{"uri":"memo:x"}}';
  assert.equal(
    showUrisInResult('tools/call', text, show),
    '{ "content":[{"type":"text","text":"see memo:x", "uri":"memo:x"},{"type":"resource_link","uri":"s+memo:x","n":1.0},' +
      '{"resource":{"uri":"s+memo:y","text":"\\"uri\\":\\"memo:x\\""},"type":"resource"}],"structuredContent":{"uri":"memo:x"}}',
  );
});

test('prompts hold one block or several in a message, and both are rewritten', () => {
  const text =
    '{"messages":[{"role":"user","content":{"type":"resource","resource":{"uri":"a:1","blob":""}}},' +
    '{"role":"user","content":[{"type":"resource_link","uri":"a:2","name":"x"}]}]}';
  const shown = JSON.parse(showUrisInResult('prompts/get', text, show));
  assert.equal(shown.messages[0].content.resource.uri, 's+a:1');
  assert.equal(shown.messages[1].content[0].uri, 's+a:2');
});

test('every part of a read is rewritten; what is no string stays as it came', () => {
  const text = '{"contents":[{"uri":"a:1","text":"x"},{"uri":"a:1/b","blob":""},{"uri":7},"uri",null]}';
  assert.equal(
    showUrisInResult('resources/read', text, show),
    '{"contents":[{"uri":"s+a:1","text":"x"},{"uri":"s+a:1/b","blob":""},{"uri":7},"uri",null]}',
  );
  for (const odd of ['{"contents":{"uri":"a:1"}}', '{"contents":"uri"}', '{}', '[]'])
    showUrisInResult('resources/read', odd, show);
});

test('a result without the words is not looked into at all', () => {
  assert.equal(mayHoldUris('tools/call', '{"content":[{"type":"text","text":"plain"}]}'), false);
  assert.equal(mayHoldUris('completion/complete', '{"completion":{"values":["\\"resource\\""]},"uri":1}'), false);
});

test('a result that could be read in two ways is not rewritten but refused', () => {
  const twice = '{"content":[{"type":"resource_link","uri":"a:1","uri":"a:2"}]}';
  assert.throws(() => showUrisInResult('tools/call', twice, show), DuplicateMemberError);
});

test('tools point at their UI by either spelling', () => {
  const tool =
    '{"name":"t","_meta":{"ui":{"visibility":["app"],"resourceUri":"ui://a"},"ui/resourceUri":"ui://a","x":"ui://a"}}';
  assert.equal(
    showPointers(tool, show),
    '{"name":"t","_meta":{"ui":{"visibility":["app"],"resourceUri":"s+ui://a"},"ui/resourceUri":"s+ui://a","x":"ui://a"}}',
  );
  assert.deepEqual(pointedUris(tool), ['ui://a', 'ui://a']);
  assert.equal(showPointers('{"name":"t"}', show), '{"name":"t"}');
});
