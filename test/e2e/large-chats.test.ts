/** Chats of tens of kilobytes and more, which stay bytes on their way: what arrives, what is refused, and what reads them after all. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import type { MockProvider } from '../support/providers/mock-provider.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';
import { createCleanup } from '../support/temp-dir.ts';

const KEYS = {
  plain: { value: 'pck_e2e_large_0123456789abcdef', allow: ['*'], toolMode: 'off' },
  poor: {
    ...{ value: 'pck_e2e_large_fedcba9876543210', allow: ['*'], toolMode: 'off' },
    limits: { budgets: [{ maxUsd: 0.05, per: 'day' }] },
  },
  bounded: {
    ...{ value: 'pck_e2e_large_abcdef0123456789', allow: ['*'], toolMode: 'off' },
    parameters: { maxOutputTokens: 100 },
  },
};
const LONG = 'Words “as people” write them, with a \\ and a\nnew line. '.repeat(1_200);
const cleanup = createCleanup();
let mock: MockProvider;
let gateway: StartedGateway;

before(async () => {
  mock = await startOpenAiMock({});
  cleanup.after(() => mock[Symbol.asyncDispose]());
  gateway = await startGateway(cleanup, {
    config: {
      providers: {
        mock: { type: 'openai', baseUrl: `${mock.origin}/v1`, apiKey: 'sk-upstream-secret' },
        fake: { type: 'fake' },
      },
      models: {
        prices: { '*/*': { inputUsdPerMillion: 10, outputUsdPerMillion: 10 } },
        aliases: { first: 'mock/gpt-5.2' },
      },
      keys: Object.entries(KEYS).map(([name, key]) => ({ name, ...key })),
    },
  });
});
after(() => cleanup.run());

function send(body: string | Buffer, key: keyof typeof KEYS = 'plain'): Promise<Response> {
  const headers = { authorization: `Bearer ${KEYS[key].value}`, 'content-type': 'application/json' };
  return fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body });
}

const chatOf = (model: string, content: string, more: object = {}): string =>
  JSON.stringify({ model, ...more, messages: [{ role: 'user', content }] }, undefined, 1);

test('every byte arrives but those of the name of the model, whatever the prompt is made of', async () => {
  for (const content of [LONG, 'x'.repeat(200_000), '€'.repeat(30_000), '"\\'.repeat(20_000), ' '.repeat(70_000)]) {
    const body = chatOf('mock/gpt-5.2', content, { user: 'größe' });
    const answer = await send(body);
    assert.equal(answer.status, 200, await answer.text());
    assert.equal(mock.requests.at(-1)?.body.toString(), body.replace('mock/gpt-5.2', 'gpt-5.2'));
  }
});

test('it is streamed, routed by an alias, and translated, like any other', async () => {
  const streamed = await send(chatOf('mock/gpt-5.2', LONG, { stream: true }));
  assert.match(await streamed.text(), /data: \[DONE\]/);
  const { stream_options: options, messages } = (mock.requests.at(-1)?.json ?? {}) as {
    readonly stream_options?: unknown;
    readonly messages?: readonly { readonly content: string }[];
  };
  assert.deepEqual([options, messages?.[0]?.content], [{ include_usage: true }, LONG]);
  assert.equal((await send(chatOf('first', LONG))).headers.get('x-portcullis-model'), 'gpt-5.2');
  const translated = await send(chatOf('fake/echo', `${LONG}!say yes`));
  assert.equal(translated.status, 200, await translated.text());
});

test('what two readers could read in two ways is refused by name, and reaches nobody', async () => {
  const before = mock.requests.length;
  const table: readonly [string, string, RegExp][] = [
    ['twice', chatOf('mock/gpt-5.2', LONG).replace('{', '{"model":"mock/other",'), /model.* stands twice/],
    [
      'twice, below',
      chatOf('mock/gpt-5.2', LONG, { metadata: { a: 1 } }).replace('"a": 1', '"a":1,"\\u0061":2'),
      /twice/,
    ],
    ['cut', chatOf('mock/gpt-5.2', LONG).slice(0, -3), /JSON|parse/i],
    ['no object', JSON.stringify([LONG]), /object/],
    ['deep', chatOf('mock/gpt-5.2', LONG).replace('"user"', '['.repeat(600) + ']'.repeat(600)), /nested/],
    ['no model', chatOf('', LONG), /model/],
    ['half a yes', chatOf('mock/gpt-5.2', LONG, { stream: 'true' }), /stream/],
  ];
  for (const [name, body, said] of table) {
    const answer = await send(body);
    assert.equal(answer.status, 400, name);
    assert.match(await answer.text(), said, name);
  }
  const bytes = Buffer.from(chatOf('mock/gpt-5.2', LONG));
  bytes[bytes.length - 40] = 0xff;
  assert.equal((await send(bytes)).status, 400);
  assert.equal(mock.requests.length, before);
});

test('what is wrong within a text is refused by whoever reads the text', async () => {
  const odd = chatOf('mock/gpt-5.2', LONG).replace('Words', 'Wor\\ds');
  // By the provider, which gets it as it came.
  assert.notEqual((await send(odd)).status, 200);
  // By us, where somebody here has to read it.
  const answer = await send(odd.replace('mock/gpt-5.2', 'fake/echo'));
  assert.equal(answer.status, 400, await answer.text());
});

test('bounds on parameters and budgets hold for it', async () => {
  const wanted = await send(chatOf('mock/gpt-5.2', LONG, { max_tokens: 101 }), 'bounded');
  assert.match(await wanted.text(), /maxOutputTokens/);
  assert.equal(wanted.status, 400);
  assert.equal((await send(chatOf('mock/gpt-5.2', LONG, { max_tokens: 100 }), 'bounded')).status, 200);
  // 200 KB of prose are some 50,000 tokens, which cost half a dollar; as much base64 is a picture, which costs a cent.
  const dear = await send(chatOf('mock/gpt-5.2', 'a word '.repeat(30_000), { max_tokens: 10 }), 'poor');
  assert.equal(dear.status, 402, await dear.text());
  const url = `data:image/png;base64,${Buffer.alloc(150_000, 7).toString('base64')}`;
  const picture = {
    model: 'mock/gpt-5.2',
    max_tokens: 10,
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url } }] }],
  };
  const cheap = await send(JSON.stringify(picture), 'poor');
  assert.equal(cheap.status, 200, await cheap.text());
});
