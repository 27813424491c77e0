import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { InjectedTools } from '../../../contracts/models.ts';
import { patchBody } from './patch-body.ts';

const parsed = (text: string) => ({ text, value: JSON.parse(text) });
const injected: InjectedTools = {
  tools: [{ name: 'ours', description: 'd', parameters: '{"type":"object", "n":1.0}' }],
  fragment(_, render) {
    return render(this.tools);
  },
};
const OURS = '{"name":"ours","description":"d","input_schema":{"type":"object", "n":1.0}}';

test('nothing but the model changes, whatever the spelling and the white space', () => {
  const text = '{ "max_tokens" : 1.0,\n "model":"anthropic/a" , "x":[12345678901234567890,"\\u0041"]\n}';
  assert.equal(
    patchBody(parsed(text), { model: 'claude', injected: undefined }),
    text.replace('anthropic/a', 'claude'),
  );
});

test('tools of the gateway stand behind those of the client, which keep their bytes', () => {
  const patch = (text: string) => patchBody(parsed(text), { model: 'm', injected });
  assert.equal(patch('{"model":"a","tools":[ {"name":"x"} ]}'), `{"model":"m","tools":[ {"name":"x"},${OURS} ]}`);
  assert.equal(patch('{"model":"a","tools":[],"b":1}'), `{"model":"m","tools":[${OURS}],"b":1}`);
  assert.equal(patch('{"model":"a","tools":null}'), `{"model":"m","tools":[${OURS}]}`);
  assert.equal(patch('{"model":"a" }'), `{"model":"m" ,"tools":[${OURS}]}`);
});

test('a thread that goes on gets no tools, since it has them already', () => {
  const text = '{"model":"m","thread":{"type":"continue","previous_message_id":"msg_1"},"messages":[]}';
  assert.equal(patchBody(parsed(text), { model: 'm', injected }), text);
});

test('members can be taken out and put in, and what is left is the same object', () => {
  const key = fc.constantFrom('model', 'stream', 'anthropic_version', 'a', 'b');
  fc.assert(
    fc.property(
      fc.dictionary(key, fc.jsonValue({ maxDepth: 2 })),
      fc.constantFrom(undefined, 1, 2),
      (object, indent) => {
        const text = JSON.stringify({ ...object }, null, indent);
        const patched = patchBody(parsed(text), {
          ...{ model: undefined, injected: undefined, without: ['stream'] },
          members: { anthropic_version: '"v"' },
        });
        const { model: _, stream: __, ...rest } = JSON.parse(text);
        assert.deepEqual(JSON.parse(patched), { ...rest, anthropic_version: 'v' });
      },
    ),
  );
});
