/** Whatever a client of models sends: refused in its own dialect or served, never a failure of ours, and nobody else suffers. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startGateway } from '../support/gateway.ts';

type Json = { readonly [member: string]: unknown };

const HI = { role: 'user', content: 'hi' };
const CONTENTS = [{ role: 'user', parts: [{ text: 'hi' }] }];
const GEMINI = '/v1beta/models/fake';

/** Path, a body that is served, and the member under which errors of this dialect stand. */
const DOORS: { readonly [name: string]: readonly [path: string, body: Json] } = {
  chat: ['/v1/chat/completions', { model: 'fake/echo', messages: [HI] }],
  responses: ['/v1/responses', { model: 'fake/echo', input: 'hi' }],
  embeddings: ['/v1/embeddings', { model: 'fake/embed', input: 'hi' }],
  messages: ['/v1/messages', { model: 'fake/echo', max_tokens: 5, messages: [HI] }],
  count_tokens: ['/v1/messages/count_tokens', { model: 'fake/echo', messages: [HI] }],
  generateContent: [`${GEMINI}/echo:generateContent`, { contents: CONTENTS }],
  streamGenerateContent: [`${GEMINI}/echo:streamGenerateContent?alt=sse`, { contents: CONTENTS }],
  countTokens: [`${GEMINI}/echo:countTokens`, { contents: CONTENTS }],
  batchEmbedContents: [
    `${GEMINI}/embed:batchEmbedContents`,
    { requests: [{ model: 'models/fake/embed', content: { parts: [{ text: 'hi' }] } }] },
  ],
};

const MEMBERS = [
  ...['model', 'messages', 'input', 'contents', 'requests', 'tools', 'tool_choice', 'toolConfig', 'generationConfig'],
  ...[
    'systemInstruction',
    'system',
    'stream',
    'max_tokens',
    'temperature',
    'stop',
    'stop_sequences',
    'response_format',
  ],
  ...['text', 'reasoning', 'thinking', 'metadata', 'n', 'seed', 'instructions', 'content', 'dimensions', 'user'],
  ...['encoding_format', 'top_p', 'logprobs', 'reasoning_effort', 'output_config', 'previous_response_id', 'include'],
];

const VALUES: readonly unknown[] = [
  ...[null, 1, -1, 'x', '', '\ud800', '\u0000', 'a\r\nset-cookie: x', true, [], {}, [[]], [null], [1], [{}]],
  ...[[{ role: 'user' }], [{ role: 5, content: 5 }], [{ role: 'tool', content: 'x' }], { type: 'x' }],
  ...[[{ role: 'assistant', tool_calls: 'x' }], [{ role: 'user', content: [{ type: 'image_url', image_url: 7 }] }]],
];

const RAW = [
  ...['', '[]', 'null', '{', '"x"', '{"model":"fake/echo","model":"fake/x"}', '{"a":1e999}', '\ufeff{}'],
  `{"a":${'['.repeat(300)}${']'.repeat(300)}}`,
  '{"__proto__":{"model":"x"},"model":"fake/echo"}',
  `{"model":"${'x'.repeat(1_000_000)}"}`,
];

const HEADERS: readonly { readonly [name: string]: string }[] = [
  ...[{ 'x-portcullis-timeout-ms': 'x' }, { 'x-portcullis-timeout-ms': '-1' }, { 'x-portcullis-fallbacks': ',,,' }],
  ...[{ 'x-portcullis-fallbacks': 'nope/x, fake/echo' }, { 'x-portcullis-tool-mode': 'banana' }],
  ...[{ 'x-portcullis-tool-mode': 'code' }, { 'x-portcullis-toolset': '../x' }, { 'x-portcullis-tools': '((' }],
  ...[{ 'content-type': 'text/plain' }, { 'content-type': 'application/json; charset=utf-16' }],
];

async function start(t: TestContext) {
  const gateway = await startGateway(t, { config: { providers: { fake: {} } } });
  return async (path: string, body: string, headers: { readonly [name: string]: string } = {}) => {
    const authorization = `Bearer ${gateway.key}`;
    const all = { 'content-type': 'application/json', authorization, ...headers };
    const signal = AbortSignal.timeout(10_000);
    const response = await fetch(gateway.url + path, { method: 'POST', headers: all, body, signal });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
}

/** Served, or refused as this dialect refuses. */
function judge(what: string, { status, text, headers }: { status: number; text: string; headers: Headers }): void {
  assert.ok(status === 200 || (status >= 400 && status < 500), `${what}: ${status} ${text.slice(0, 300)}`);
  assert.equal(headers.get('set-cookie'), null, what);
  if (status === 200) return;
  const { error } = JSON.parse(text) as { readonly error?: { readonly message?: unknown } };
  assert.equal(typeof error?.message, 'string', `${what}: ${text.slice(0, 300)}`);
}

for (const [name, [path, body]] of Object.entries(DOORS))
  test(`${name} survives any value of any member, any body and any header`, { timeout: 120_000 }, async (t) => {
    const send = await start(t);
    judge('as it should be', await send(path, JSON.stringify(body)));
    for (const member of MEMBERS)
      for (const value of VALUES) {
        const text = JSON.stringify({ ...body, [member]: value });
        judge(`${member}: ${JSON.stringify(value)}`, await send(path, text));
      }
    for (const raw of RAW) judge(raw.slice(0, 60), await send(path, raw));
    for (const headers of HEADERS) judge(JSON.stringify(headers), await send(path, JSON.stringify(body), headers));
    assert.equal((await send(path, JSON.stringify(body))).status, 200);
  });

test('required members that are missing or wrong are named', async (t) => {
  const send = await start(t);
  for (const [path, body, member] of [
    ['/v1/chat/completions', { messages: [HI] }, 'model'],
    ['/v1/chat/completions', { model: 'fake/echo' }, 'messages'],
    ['/v1/chat/completions', { model: 'fake/echo', messages: [HI, 7] }, 'messages[1]'],
    ['/v1/responses', { model: 'fake/echo', input: [7] }, 'input[0]'],
    ['/v1/embeddings', { model: 'fake/embed' }, 'input'],
    ['/v1/messages', { model: 'fake/echo', max_tokens: 5 }, 'messages'],
    ['/v1/messages', { model: 'fake/echo', max_tokens: 5, messages: [{ role: 'user', content: 7 }] }, 'messages[0]'],
    [`${GEMINI}/echo:generateContent`, { contents: 7 }, 'contents'],
  ] as const) {
    const { status, text } = await send(path, JSON.stringify(body));
    assert.equal(status, 400, text);
    assert.ok(JSON.parse(text).error.message.includes(member), `${path} should name ${member}: ${text}`);
  }
});
