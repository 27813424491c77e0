import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ChatModelRequest, InjectedTools, ModelReport, ProviderCall } from '../../../contracts/models.ts';
import { readLargeBody } from '../../../edges/models/large-body.ts';
import { createPatchChat } from './patch-chat.ts';

const QUIRKS = { refuses: ['seed'], renames: { max_tokens: 'max_completion_tokens' }, streamUsage: true, has: [] };

function toolsOf(count: number): InjectedTools | undefined {
  if (count === 0) return undefined;
  const parameters = '{"type":"object"}';
  const tools = Array.from({ length: count }, (_, i) => ({ name: `t${i}`, description: 'Does “it”', parameters }));
  return { tools, fragment: (_, render) => render(tools) };
}

/** What arrives at the provider. */
function sent(body: ProviderCall['body'], model: string, injected: InjectedTools | undefined, stream: boolean): string {
  const request = { operation: 'chat', dialect: 'openai-chat', stream } as unknown as ChatModelRequest;
  const report: ModelReport = {
    ...{ provider: 'p', model, attempts: [], wasted: [], dropped: [], outputChars: 0 },
  };
  const patched = createPatchChat(QUIRKS)({
    ...{ request, body, model, injected, report, key: undefined, traceparent: undefined },
    ...{ signal: new AbortController().signal, firstByteTimeoutMs: 1, idleTimeoutMs: 1 },
  });
  return typeof patched.body === 'string' ? patched.body : Buffer.concat(patched.body).toString();
}

const extra = fc.dictionary(
  fc.constantFrom('user', 'seed', 'max_tokens', 'stream_options', 'tool_choice'),
  fc.jsonValue(),
);
const tools = fc.constantFrom(undefined, null, [], [{ type: 'function', function: { name: 'own' } }], ' [ ] ');

test('a large body reaches the provider as the same one would if it were small', () => {
  fc.assert(
    fc.property(
      extra,
      tools,
      fc.constantFrom(0, 1, 100),
      fc.boolean(),
      fc.boolean(),
      (more, own, count, stream, first) => {
        const model = { model: 'bench/m' };
        const messages = [{ role: 'user', content: `a "quote" \\ and ${'Größe '.repeat(4_000)}` }];
        const value = {
          ...(first && model),
          messages,
          ...more,
          ...(own !== undefined && { tools: own }),
          ...(!first && model),
        };
        const text = JSON.stringify(value, null, stream ? 1 : undefined).replace('" [ ] "', ' [ ] ');
        const large = readLargeBody(Buffer.from(text), 100);
        // Keys with escapes are left to who reads all of it.
        fc.pre(large !== undefined);
        const injected = toolsOf(count);
        const small = sent({ text, value: JSON.parse(text) }, 'm', injected, stream);
        assert.deepEqual(JSON.parse(sent(large, 'm', injected, stream)), JSON.parse(small));
      },
    ),
  );
});

test('many tools go along with a small request, too, behind its own', () => {
  const value = { model: 'bench/m', tools: [{ type: 'function', function: { name: 'own' } }], messages: [] };
  const text = JSON.stringify(value);
  const arrived = JSON.parse(sent({ text, value }, 'm', toolsOf(100), false));
  assert.equal(arrived.model, 'm');
  assert.deepEqual(arrived.messages, []);
  assert.equal(arrived.tools.length, 101);
  assert.equal(arrived.tools[0].function.name, 'own');
  assert.equal(arrived.tools[100].function.name, 't99');
});

test('a model that the path names is added where the body has none', () => {
  assert.equal(sent({ text: '{}', value: {} }, 'm', undefined, false), '{"model":"m"}');
});
