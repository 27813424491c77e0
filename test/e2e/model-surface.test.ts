/** What is no chat, with the official SDKs: embeddings, lists of models, and everything that is passed through. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import OpenAI, { NotFoundError, toFile } from 'openai';
import type { ChatModelRequest, ModelProvider, ProviderCall, ProviderModel } from '../../src/contracts/models.ts';
import type { ProviderConfig } from '../../src/contracts/models-config.ts';
import { offerOf } from '../../src/pipeline/fixtures/harness.ts';
import { createHttpClient } from '../../src/upstreams/http/client.ts';
import { readScript } from '../../src/upstreams/models/fake/script.ts';
import { createEmbed } from '../../src/upstreams/models/openai-embed/create-embed.ts';
import { createPass } from '../../src/upstreams/models/openai-pass/create-pass.ts';
import { providerConfig, startModelSurface } from '../support/model-surface.ts';
import { startMockProvider } from '../support/providers/mock-provider.ts';
import { createOpenaiOther, readForm, SPEECH, vectorOf } from '../support/providers/openai-other.ts';
import type { Cleanup } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

type Options = Omit<Parameters<typeof startModelSurface>[1], 'providers'>;

async function start(cleanup: Cleanup, options: Options = {}, changes: Partial<ProviderConfig> = {}) {
  const other = createOpenaiOther();
  const mock = await startMockProvider({
    answer(request) {
      const reply = other(request) ?? { status: 404, body: '{}' };
      const { input } = (request.json ?? {}) as { input?: unknown };
      if (typeof input !== 'string' || !input.startsWith('!')) return reply;
      return { ...reply, script: readScript(input, { media: [], toolResults: [] }) };
    },
    renderFailure: (status) => JSON.stringify({ error: { message: `mock ${status}` } }),
  });
  const http = createHttpClient();
  cleanup.after(async () => {
    await http[Symbol.asyncDispose]();
    await mock[Symbol.asyncDispose]();
  });
  const make = (id: string, more: Partial<ProviderConfig> = {}): ModelProvider => {
    const config = providerConfig(id, `${mock.origin}/v1`, { ...changes, ...more });
    const deps = { http, now: Date.now, randomHex: (digits: number) => '0'.repeat(digits) };
    return {
      ...{ id, config, chat: undefined, countTokens: undefined },
      ...{ embed: createEmbed(deps, config), pass: createPass(deps, config) },
      listModels: async (): Promise<readonly ProviderModel[]> => [
        { name: 'gpt-5', createdAtS: 1_750_000_000, contextTokens: 400_000 },
        { name: 'gpt-5-mini' },
      ],
    };
  };
  const withoutFiles = { ...providerConfig('x', '').quirks, has: ['images', 'moderations'] as const };
  const providers = [make('openai'), make('spare', { quirks: withoutFiles, models: ['painter'] })];
  const { url, harness } = await startModelSurface(cleanup, { ...options, providers });
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'all', maxRetries: 0 });
  return { mock, url, harness, openai };
}

const last = <T>(list: readonly T[]): T => {
  const item = list.at(-1);
  assert.ok(item !== undefined);
  return item;
};

test('embeddings come back the same as floats and as the base64 the SDK asks for, from text, texts and tokens', async (t) => {
  const { openai, mock } = await start(t);
  const model = 'openai/text-embedding-3-small';
  for (const input of ['hello', ['a', 'bcd'], [1, 2, 3], [[1], [2, 3]]]) {
    const asked = await openai.embeddings.create({ model, input });
    const plain = await openai.embeddings.create({ model, input, encoding_format: 'float', dimensions: 2 });
    const isList = Array.isArray(input) && typeof input[0] !== 'number';
    const inputs = isList ? input : [input];
    assert.deepEqual(
      asked.data.map(({ embedding }) => [...embedding]),
      inputs.map((each) => vectorOf(each, 3)),
    );
    assert.deepEqual(
      plain.data.map(({ embedding }) => embedding),
      inputs.map((each) => vectorOf(each, 2)),
    );
  }
  const { json, headers } = last(mock.requests);
  assert.equal((json as { model: string }).model, 'text-embedding-3-small');
  assert.equal(headers.authorization, 'Bearer sk-provider-secret');
});

test('a body of embeddings is forwarded byte for byte but for the model, and what it took is told', async (t) => {
  const { url, mock, harness } = await start(t);
  const body = '{ "input" : "x",\n "future":1.50, "model":"openai/e" }';
  const headers = { authorization: 'Bearer all', 'content-type': 'application/json' };
  const response = await fetch(`${url}/openai/v1/embeddings`, { method: 'POST', headers, body });
  assert.equal(response.status, 200);
  assert.equal(last(mock.requests).body.toString(), body.replace('openai/e', 'e'));
  assert.equal(response.headers.get('x-portcullis-input-tokens'), '5');
  assert.equal(response.headers.get('x-portcullis-provider'), 'openai');
  const record = last(harness.trail.events);
  assert.deepEqual([record.kind, record.serverId, record.target, record.result], ['embed', 'openai', 'e', 'ok']);
});

test('embeddings of a model that is not there are refused before anybody is asked', async (t) => {
  const { openai, mock } = await start(t);
  await assert.rejects(openai.embeddings.create({ model: 'nobody/e', input: 'x' }), NotFoundError);
  assert.equal(mock.requests.length, 0);
});

test('OpenAI, Anthropic and Gemini SDKs each list the models they may use in their own words', async (t) => {
  const { url, openai } = await start(t, {
    models: {
      aliases: [
        { name: 'fast', targets: [{ provider: 'openai', model: 'gpt-5-mini', weight: 1 }], fallbacks: [] },
        { name: 'claude-*', targets: [{ provider: 'openai', model: '*', weight: 1 }], fallbacks: [] },
      ],
    },
  });
  const ids = ['fast', 'openai/gpt-5', 'openai/gpt-5-mini', 'spare/painter'];
  const listed = await openai.models.list();
  assert.deepEqual(
    listed.data.map(({ id, object, created, owned_by }) => [id, object, created, owned_by]),
    [
      ['fast', 'model', 0, 'openai'],
      ['openai/gpt-5', 'model', 1_750_000_000, 'openai'],
      ['openai/gpt-5-mini', 'model', 0, 'openai'],
      ['spare/painter', 'model', 0, 'spare'],
    ],
  );
  assert.equal((await openai.models.retrieve('openai/gpt-5')).id, 'openai/gpt-5');
  assert.equal((await openai.models.retrieve('gpt-5')).id, 'openai/gpt-5');
  await assert.rejects(openai.models.retrieve('gpt-6'), NotFoundError);

  for (const baseURL of [url, `${url}/anthropic`]) {
    const anthropic = new Anthropic({ baseURL, apiKey: 'all', maxRetries: 0 });
    const seen: string[] = [];
    for await (const model of anthropic.models.list({ limit: 2 })) seen.push(model.id);
    assert.deepEqual(seen, ids);
    const one = await anthropic.models.retrieve('openai/gpt-5');
    assert.deepEqual([one.type, one.created_at, one.max_input_tokens], ['model', '2025-06-15T15:06:40Z', 400_000]);
    const backwards = await anthropic.models.list({ limit: 2, before_id: 'spare/painter' });
    assert.deepEqual([backwards.data.map(({ id }) => id), backwards.has_more], [ids.slice(1, 3), true]);
    await assert.rejects(anthropic.models.retrieve('none'), Anthropic.NotFoundError);
  }

  for (const [baseUrl, apiVersion] of [
    [url, 'v1beta'],
    [url, 'v1'],
    [`${url}/gemini`, 'v1beta'],
  ] as const) {
    const gemini = new GoogleGenAI({ apiKey: 'all', httpOptions: { baseUrl, apiVersion } });
    const seen: (string | undefined)[] = [];
    for await (const model of await gemini.models.list({ config: { pageSize: 3 } })) seen.push(model.name);
    assert.deepEqual(
      seen,
      ids.map((id) => `models/${id}`),
    );
    const one = await gemini.models.get({ model: 'models/openai/gpt-5' });
    assert.deepEqual([one.name, one.inputTokenLimit], ['models/openai/gpt-5', 400_000]);
  }
});

test('a key sees only the models it may use, and a request without a key sees none, in the words of its API', async (t) => {
  const { url, harness, openai } = await start(t);
  harness.keys.add('mini', { allow: ['model:openai/*mini'], deny: [] });
  harness.gateway.refreshKeys();
  const list = await openai.withOptions({ apiKey: 'mini' }).models.list();
  assert.deepEqual(
    list.data.map(({ id }) => id),
    ['openai/gpt-5-mini'],
  );
  await assert.rejects(openai.withOptions({ apiKey: 'wrong' }).models.list(), OpenAI.AuthenticationError);
  const wrong = new Anthropic({ baseURL: url, apiKey: 'wrong', maxRetries: 0 });
  await assert.rejects(async () => await wrong.models.list(), Anthropic.AuthenticationError);
  const gemini = new GoogleGenAI({ apiKey: 'wrong', httpOptions: { baseUrl: url } });
  await assert.rejects(gemini.models.list(), { status: 401 });
});

test('speech comes back as the bytes that were spoken', async (t) => {
  const { openai } = await start(t);
  const response = await openai.audio.speech.create({ model: 'openai/tts-1', voice: 'alloy', input: 'hi' });
  assert.equal(response.headers.get('content-type'), 'audio/mpeg');
  assert.deepEqual(Buffer.from(await response.arrayBuffer()), Buffer.concat([SPEECH, SPEECH]));
});

test('a form is forwarded to the byte but for the name of the model', async (t) => {
  const { openai, mock } = await start(t);
  const sound = Buffer.concat([
    SPEECH,
    Buffer.from('\r\n--not-the-boundary\r\nname="model"\r\n\r\nopenai/evil\r\n'),
    SPEECH,
  ]);
  const { text } = await openai.audio.transcriptions.create({
    ...{ file: await toFile(sound, 'räuber "1".mp3'), model: 'openai/whisper-1', language: 'de' },
    timestamp_granularities: ['word', 'segment'],
  });
  assert.match(text, /^heard \d+ bytes$/);
  const request = last(mock.requests);
  const form = await readForm(request);
  assert.equal(form.get('model'), 'whisper-1');
  assert.equal(form.get('language'), 'de');
  assert.deepEqual(form.getAll('timestamp_granularities[]'), ['word', 'segment']);
  assert.deepEqual(Buffer.from(await (form.get('file') as File).arrayBuffer()), sound);
  assert.equal(request.path, '/v1/audio/transcriptions');
});

test('images, moderations and old completions are passed on with the name their provider knows', async (t) => {
  const { openai, mock } = await start(t);
  const images = await openai.images.generate({ model: 'spare/painter', prompt: 'a gäte' });
  assert.equal(images.data?.[0]?.b64_json, SPEECH.toString('base64'));
  assert.deepEqual(last(mock.requests).json, { model: 'painter', prompt: 'a gäte' });
  await openai.images.edit({ model: 'spare/painter', prompt: 'x', image: await toFile(SPEECH, 'a.png') });
  assert.equal((await readForm(last(mock.requests))).get('model'), 'painter');
  const { results } = await openai.moderations.create({ model: 'openai/omni', input: 'x' });
  assert.equal(results[0]?.flagged, false);
  await openai.completions.create({ model: 'openai/gpt-3.5-turbo-instruct', prompt: 'x' });
  assert.equal((last(mock.requests).json as { model: string }).model, 'gpt-3.5-turbo-instruct');
});

test('what names no model goes to the provider that is named, and to the only one that has it', async (t) => {
  const { openai, harness, mock } = await start(t);
  await assert.rejects(openai.moderations.create({ input: 'x' }), /name one in x-portcullis-provider: openai, spare/);
  const headers = { 'x-portcullis-provider': 'spare' };
  await openai.moderations.create({ input: 'x' }, { headers });
  assert.deepEqual([last(harness.trail.events).serverId, last(mock.requests).json], ['spare', { input: 'x' }]);
  harness.keys.add('half', { allow: ['model:openai/*'], deny: ['model:openai/images'] });
  harness.gateway.refreshKeys();
  const half = openai.withOptions({ apiKey: 'half' });
  await half.moderations.create({ input: 'x' });
  assert.equal(last(harness.trail.events).serverId, 'openai');
  await assert.rejects(half.images.generate({ prompt: 'x' }), /no provider has images for this key/);
  await assert.rejects(half.moderations.create({ input: 'x' }, { headers }), NotFoundError);
});

test('files are uploaded, listed, read and deleted; one that is not there is not found, in our words', async (t) => {
  const { openai, mock, harness } = await start(t);
  const made = await openai.files.create({ file: await toFile(SPEECH, 'notes.bin'), purpose: 'user_data' });
  assert.deepEqual([made.id, made.bytes, made.filename], ['file-1', SPEECH.length, 'notes.bin']);
  const page = await openai.files.list({ limit: 7 }, { headers: { 'x-portcullis-provider': 'openai' } });
  assert.equal(page.data[0]?.id, 'file-1');
  const query = await fetch(`${openai.baseURL}/files?provider=openai&after=x`, {
    headers: { authorization: 'Bearer all' },
  });
  assert.equal(query.status, 200);
  assert.deepEqual(
    mock.requests.slice(-2).map(({ path }) => path),
    ['/v1/files?limit=7', '/v1/files?after=x'],
  );
  const content = await openai.files.content('file-1');
  assert.deepEqual(Buffer.from(await content.arrayBuffer()), SPEECH);
  assert.equal(content.headers.get('content-disposition'), 'attachment; filename="notes.bin"');
  assert.equal(content.headers.get('openai-organization'), null);
  assert.equal((await openai.files.retrieve('file-1')).object, 'file');
  assert.equal((await openai.files.delete('file-1')).deleted, true);
  await assert.rejects(openai.files.retrieve('file-1'), (error: unknown) => {
    assert.ok(error instanceof NotFoundError);
    assert.doesNotMatch(error.message, /acct-secret/);
    return true;
  });
  harness.keys.add('chats', { allow: ['model:openai/gpt-*'], deny: [] });
  harness.gateway.refreshKeys();
  await assert.rejects(openai.withOptions({ apiKey: 'chats' }).files.list(), NotFoundError);
});

test('a path that is no file id, a form in two readings and a missing model never reach a provider', async (t) => {
  const { url, mock } = await start(t);
  const authorization = 'Bearer all';
  for (const path of ['files/..%2fmodels', 'files/%2e%2e', 'files/a/b', 'files/a/content/x']) {
    const { status } = await fetch(`${url}/v1/${path}`, { headers: { authorization } });
    assert.equal(status, 404, path);
  }
  const field = (name: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
  const send = async (type: string, body: string) => {
    const headers = { authorization, 'content-type': type };
    const response = await fetch(`${url}/v1/audio/transcriptions`, { method: 'POST', headers, body });
    return response.status;
  };
  const multipart = 'multipart/form-data; boundary=b';
  const twice = field('model', 'openai/a') + field('model', 'openai/b');
  assert.equal(await send(multipart, `${twice}--b--\r\n`), 400);
  assert.equal(await send(multipart, `${field('language', 'de')}--b--\r\n`), 400);
  assert.equal(await send('application/json', '{"model":"openai/a","model":"openai/b"}'), 400);
  assert.equal(await send('text/plain', 'model=openai/a'), 415);
  assert.equal(await send(multipart, `${field('model', 'nobody/a')}--b--\r\n`), 404);
  assert.equal(mock.requests.length, 0);
});

test("a provider's failure is told in OpenAI's words, without what it said of itself", async (t) => {
  const { url } = await start(t, {}, { baseUrl: 'http://127.0.0.1:9/v1' });
  const openai = new OpenAI({ baseURL: `${url}/openai`, apiKey: 'all', maxRetries: 0 });
  await assert.rejects(openai.audio.speech.create({ model: 'openai/tts', voice: 'alloy', input: 'x' }), {
    ...{ status: 503, code: 'provider_unavailable', type: 'server_error' },
  });
});

test('speech begins before it is over, and a client that hangs up ends it at the provider', async (t) => {
  const { url, mock, harness } = await start(t);
  const headers = { authorization: 'Bearer all', 'content-type': 'application/json' };
  const body = JSON.stringify({ model: 'openai/tts', input: '!pace 60000' });
  const leaving = new AbortController();
  const request = { method: 'POST', headers, body, signal: leaving.signal };
  const response = await fetch(`${url}/v1/audio/speech`, request);
  const { value } = (await response.body?.getReader().read()) ?? {};
  assert.deepEqual(Buffer.from(value ?? []), SPEECH);
  leaving.abort();
  await mock.waitForAborts(1);
  await waitFor('the record', async () => harness.trail.events.at(-1)?.result === 'cancelled');
});

test('an answer that breaks off in the middle does not look whole, and is recorded as failed', async (t) => {
  const { url, harness } = await start(t);
  const headers = { authorization: 'Bearer all', 'content-type': 'application/json' };
  const body = JSON.stringify({ model: 'openai/tts', input: '!reset stream' });
  const response = await fetch(`${url}/v1/audio/speech`, { method: 'POST', headers, body });
  assert.equal(response.status, 200);
  await assert.rejects(response.arrayBuffer());
  assert.equal(last(harness.trail.events).result, 'failed');
});

test("a key's tool mode, a narrowed request and a clash are told in headers and seen by the provider", async (t) => {
  const seen: ProviderCall<ChatModelRequest>[] = [];
  const provider: ModelProvider = {
    ...{ id: 'm', config: providerConfig('m', 'http://127.0.0.1:9'), embed: undefined, pass: undefined },
    ...{ listModels: undefined, countTokens: undefined },
    async chat(call) {
      seen.push(call);
      return { type: 'chat', answer: { lane: 'pass', value: '{"choices":[]}' } };
    },
  };
  const offers = {
    files: offerOf({ tools: [{ name: 'read' }, { name: 'write' }] }),
    mail: offerOf({ tools: [{ name: 'send' }] }),
  };
  const { url } = await startModelSurface(t, { providers: [provider], offers });
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'all', maxRetries: 0 });
  const ask = async (headers: { [name: string]: string }, own: readonly string[] = []) => {
    const tools = own.map((name) => ({ type: 'function' as const, function: { name } }));
    const body = {
      model: 'm/x',
      messages: [{ role: 'user' as const, content: 'x' }],
      ...(tools.length > 0 && { tools }),
    };
    const { response } = await openai.chat.completions.create(body, { headers }).withResponse();
    const names = seen.at(-1)?.injected?.tools.map(({ name }) => name) ?? [];
    return { names, leftOut: response.headers.get('x-portcullis-left-out-tools') };
  };
  assert.deepEqual(await ask({}), { names: [], leftOut: null });
  assert.deepEqual((await ask({ 'x-portcullis-servers': 'files' })).names, ['files__read', 'files__write']);
  assert.deepEqual((await ask({ 'x-portcullis-tools': 'mail/*' })).names, ['mail__send']);
  assert.deepEqual(await ask({ 'x-portcullis-tool-mode': 'classic' }, ['files__read', 'mine']), {
    ...{ names: ['files__write', 'mail__send'], leftOut: 'files__read' },
  });
  await assert.rejects(ask({ 'x-portcullis-tool-mode': 'banana' }), OpenAI.BadRequestError);
});
