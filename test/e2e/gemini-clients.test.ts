/** Google's own SDK, and what else speaks Gemini, through the gateway: to a provider of the same wire and to another. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { ApiError, FunctionCallingConfigMode, GoogleGenAI, Type } from '@google/genai';
import { ChatGoogleGenerativeAI } from '@langchain/google-genai';
import { embedMany, generateText, jsonSchema, Output, stepCountIs, streamText, tool } from 'ai';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import { GEMINI_KEY, type GeminiMock, startGeminiMock, VERTEX_PROJECT } from '../support/providers/gemini.ts';
import type { Cleanup } from '../support/temp-dir.ts';

const KEY = 'pck_e2e_gemini_0123456789abcdef';
const DOT = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const cleanups: (() => unknown)[] = [];
let gateway: StartedGateway;
let mock: GeminiMock;

before(
  async () => {
    mock = await startGeminiMock();
    cleanups.push(() => mock[Symbol.asyncDispose]());
    const cleanup = { after: (task: () => unknown) => void cleanups.push(task) } as Cleanup;
    gateway = await startGateway(cleanup, {
      config: {
        providers: {
          gemini: { baseUrl: mock.origin, apiKey: GEMINI_KEY },
          stranger: { type: 'gemini', baseUrl: mock.origin, apiKey: 'AIza-of-nobody' },
          vertex: {
            baseUrl: mock.origin,
            project: VERTEX_PROJECT,
            location: 'europe-west4',
            serviceAccount: mock.serviceAccount,
          },
          fake: {},
        },
        keys: [{ name: 'e2e', value: KEY, allow: ['model:*/*'] }],
      },
    });
  },
  { timeout: 60_000 },
);
after(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup();
});

const client = (path = '', apiVersion?: string): GoogleGenAI =>
  new GoogleGenAI({
    apiKey: KEY,
    httpOptions: { baseUrl: `${gateway.url}${path}`, ...(apiVersion === undefined ? {} : { apiVersion }) },
  });

const last = () => mock.requests.at(-1);

for (const [path, version] of [
  ['', undefined],
  ['', 'v1beta'],
  ['/gemini', undefined],
  ['/gemini', 'v1beta'],
] as const)
  test(`the SDK asks at ${path}/${version ?? 'v1'}, and is answered in Gemini's words`, async () => {
    const answer = await client(path, version).models.generateContent({
      model: 'gemini/gemini-2.5-flash',
      contents: 'Hello\n!usage 11 5 3 2',
    });
    assert.equal(answer.text, 'You said: Hello');
    assert.equal(answer.modelVersion, 'gemini-2.5-flash-001');
    assert.equal(answer.usageMetadata?.thoughtsTokenCount, 2);
    assert.equal(last()?.path, '/v1beta/models/gemini-2.5-flash:generateContent');
    assert.equal(last()?.headers['x-goog-api-key'], GEMINI_KEY);
  });

test('the body reaches the provider byte for byte, and its answer the client', async () => {
  const body =
    '{ "contents":[{"role":"user","parts":[{"text":"Hi", "partMetadata":{"a":1.0}}]}],\n "safety_settings":[] }';
  const response = await fetch(`${gateway.url}/v1beta/models/gemini%2Fgemini-2.5-flash:generateContent?key=${KEY}`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body },
  });
  assert.equal(response.status, 200);
  assert.equal(last()?.body.toString('utf8'), body);
  assert.equal(last()?.path.includes(KEY), false);
  assert.equal(response.headers.get('x-portcullis-provider'), 'gemini');
  assert.equal(response.headers.get('x-portcullis-input-tokens'), '1');
});

test('two different keys, an empty one and an unknown one are refused', async () => {
  const ask = async (query: string, headers: { [name: string]: string } = {}) => {
    const response = await fetch(`${gateway.url}/v1beta/models/gemini/gemini-2.5-flash:generateContent?${query}`, {
      ...{ method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{}' },
    });
    const { error } = (await response.json()) as { error: { code: number; status: string } };
    return [response.status, error.code, error.status];
  };
  const refused = [401, 401, 'UNAUTHENTICATED'];
  assert.deepEqual(await ask(`key=${KEY}`, { 'x-goog-api-key': 'pck_other' }), refused);
  assert.deepEqual(await ask('key='), refused);
  assert.deepEqual(await ask('key=pck_unknown'), refused);
  assert.deepEqual(await ask(''), refused);
});

test('a key in the query opens only the doors of Gemini', async () => {
  const response = await fetch(`${gateway.url}/v1/chat/completions?key=${KEY}`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"model":"fake/echo"}' },
  });
  assert.equal(response.status, 401);
});

for (const model of ['gemini/gemini-2.5-flash', 'vertex/gemini-2.5-flash', 'fake/echo'])
  test(`${model} streams to the SDK, as events and into a chat that remembers`, async () => {
    const chat = client().chats.create({ model });
    let text = '';
    let pieces = 0;
    for await (const piece of await chat.sendMessageStream({ message: 'one two three' })) {
      text += piece.text ?? '';
      pieces++;
    }
    assert.match(text, /one two three$/);
    assert.ok(pieces >= 1);
    const again = await chat.sendMessage({ message: 'four' });
    assert.match(again.text ?? '', /four$/);
    assert.deepEqual(
      chat
        .getHistory(true)
        .map(({ role }) => role)
        .filter((role, i, all) => role !== all[i - 1]),
      ['user', 'model', 'user', 'model'],
    );
  });

for (const model of ['gemini/gemini-2.5-flash', 'fake/echo'])
  test(`${model} streams a JSON array to who does not ask for events`, async () => {
    const response = await fetch(`${gateway.url}/v1beta/models/${model}:streamGenerateContent`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-goog-api-key': KEY },
      body: JSON.stringify({ contents: [{ parts: [{ text: 'array' }] }] }),
    });
    assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
    const pieces = (await response.json()) as { candidates: { content: { parts: { text: string }[] } }[] }[];
    const text = pieces.map(({ candidates }) => candidates[0]?.content.parts[0]?.text).join('');
    assert.match(text, /array$/);
  });

test('tools, called in parallel, go there and back', async () => {
  const declaration = (name: string) => ({
    name,
    description: 'tells the weather',
    parameters: { type: Type.OBJECT, properties: { city: { type: Type.STRING, nullable: true } } },
  });
  const ai = client();
  const contents = [{ role: 'user', parts: [{ text: '!call weather {"city":"Kiel"}\n!call tide {"city":"Husum"}' }] }];
  const config = {
    tools: [{ functionDeclarations: [declaration('weather'), declaration('tide')] }],
    toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } },
  };
  const answer = await ai.models.generateContent({ model: 'gemini/gemini-2.5-flash', contents, config });
  const calls = answer.functionCalls ?? [];
  assert.deepEqual(
    calls.map(({ name, args }) => [name, args]),
    [
      ['weather', { city: 'Kiel' }],
      ['tide', { city: 'Husum' }],
    ],
  );
  const results = calls.map(({ id, name }) => ({
    functionResponse: { id, name, response: { output: `${name}: fine` } },
  }));
  const said = await ai.models.generateContent({
    model: 'gemini/gemini-2.5-flash',
    contents: [...contents, answer.candidates?.[0]?.content ?? {}, { role: 'user', parts: results }] as never,
    config,
  });
  assert.equal(said.text, 'Tool said: weather: fine\nTool said: tide: fine');
});

test('structured output, images and thoughts pass', async () => {
  const ai = client();
  const answer = await ai.models.generateContent({
    model: 'gemini/gemini-2.5-flash',
    contents: [{ role: 'user', parts: [{ text: 'See' }, { inlineData: { mimeType: 'image/png', data: DOT } }] }],
    config: {
      responseMimeType: 'application/json',
      responseSchema: { type: Type.OBJECT, properties: { a: { type: Type.INTEGER } } },
      thinkingConfig: { includeThoughts: true, thinkingBudget: 256 },
    },
  });
  assert.match(answer.text ?? '', /\[image image\/png \d+ B\]/);
  const sent = last()?.json as { readonly generationConfig: object } | undefined;
  assert.deepEqual(sent?.generationConfig, {
    responseMimeType: 'application/json',
    responseSchema: { type: 'OBJECT', properties: { a: { type: 'INTEGER' } } },
    thinkingConfig: { includeThoughts: true, thinkingBudget: 256 },
  });
});

for (const model of ['gemini/gemini-embedding-001', 'vertex/gemini-embedding-001'])
  test(`${model} embeds, in the order of the texts`, async () => {
    const { embeddings } = await client().models.embedContent({
      ...{ model, contents: ['Aa', 'Bb'], config: { outputDimensionality: 2, taskType: 'RETRIEVAL_QUERY' } },
    });
    assert.deepEqual(
      embeddings?.map(({ values }) => values?.[0]),
      [65 / 256, 66 / 256],
    );
  });

test('one text is embedded by embedContent, too', async () => {
  const response = await fetch(`${gateway.url}/v1beta/models/gemini/gemini-embedding-001:embedContent`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-goog-api-key': KEY },
    body: JSON.stringify({ model: 'models/gemini/gemini-embedding-001', content: { parts: [{ text: 'A' }] } }),
  });
  const { embedding } = (await response.json()) as { embedding: { values: number[] } };
  assert.equal(embedding.values[0], 65 / 256);
  assert.equal(last()?.path, '/v1beta/models/gemini-embedding-001:embedContent');
});

for (const model of ['gemini/gemini-2.5-flash', 'vertex/gemini-2.5-flash'])
  test(`${model} counts tokens`, async () => {
    const { totalTokens } = await client().models.countTokens({ model, contents: 'count me' });
    assert.ok((totalTokens ?? 0) > 0);
  });

test('errors come in the words the SDK knows, and our key stays ours', async () => {
  const fails = async (model: string, contents: string): Promise<ApiError> => {
    try {
      await client().models.generateContent({ model, contents });
    } catch (error) {
      assert.ok(error instanceof ApiError);
      return error;
    }
    assert.fail('it was answered');
  };
  const limited = await fails('gemini/gemini-2.5-flash', '!fail 429 7');
  assert.equal(limited.status, 429);
  assert.equal((JSON.parse(limited.message) as { error: { status: string } }).error.status, 'RESOURCE_EXHAUSTED');
  assert.equal((await fails('gemini/gemini-nothing-here/x', 'Hi')).status, 404);
  assert.equal((await fails('nobody/gemini-2.5-flash', 'Hi')).status, 404);
  const refused = await fails('stranger/gemini-2.5-flash', 'Hi');
  assert.equal(refused.status, 502);
  assert.equal(refused.message.includes('AIza'), false);
});

test('a client that goes away ends the answer of the provider', async () => {
  const abort = new AbortController();
  const stream = await client().models.generateContentStream({
    model: 'gemini/gemini-2.5-flash',
    contents: 'a b c d e f g h i j k l m n o p\n!chunks 16\n!pace 2000',
    config: { abortSignal: abort.signal },
  });
  const aborts = mock.aborted();
  for await (const _ of stream) {
    abort.abort();
    break;
  }
  await mock.waitForAborts(aborts + 1);
});

test("gemini-cli's way of asking is served: events below v1beta", async () => {
  const response = await fetch(`${gateway.url}/v1beta/models/gemini/gemini-2.5-flash:streamGenerateContent?alt=sse`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-goog-api-key': KEY, 'x-goog-api-client': 'gemini-cli/0.61' },
    body: JSON.stringify({
      contents: [{ role: 'user', parts: [{ text: '!think Hm\n!say Yes\n!usage 9 3' }] }],
      systemInstruction: { role: 'user', parts: [{ text: 'Be brief' }] },
      tools: [{ functionDeclarations: [{ name: 'read_file', parametersJsonSchema: { type: 'object' } }] }],
      generationConfig: { temperature: 1, topP: 0.95, topK: 64, thinkingConfig: { includeThoughts: true } },
    }),
  });
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  const text = await response.text();
  assert.match(text, /^data: \{.*\}\r\n\r\n/);
  assert.match(text, /"thought":true/);
  assert.match(text, /"usageMetadata"/);
  assert.equal(last()?.headers['x-goog-api-client'], 'gemini-cli/0.61');
});

test('one access token serves many calls at Vertex', () => {
  assert.equal(mock.tokensGiven(), 1);
});

test('the models are listed in the words of Gemini', async () => {
  const response = await fetch(`${gateway.url}/v1beta/models?key=${KEY}`);
  assert.equal(response.status, 200);
  assert.ok(Array.isArray(((await response.json()) as { models: unknown[] }).models));
});

test("Vercel's AI SDK: text, stream, tools, objects and embeddings", async () => {
  const google = createGoogleGenerativeAI({ apiKey: KEY, baseURL: `${gateway.url}/gemini/v1beta` });
  const model = google('gemini/gemini-2.5-flash');
  assert.equal((await generateText({ model, prompt: 'Hello', maxRetries: 0 })).text, 'You said: Hello');
  const streamed = streamText({ model, prompt: 'one two\n!usage 8 4', maxRetries: 0 });
  let text = '';
  for await (const piece of streamed.textStream) text += piece;
  assert.equal(text, 'You said: one two');
  assert.equal((await streamed.usage).inputTokens, 8);
  const called = await generateText({
    model,
    prompt: '!call weather {"city":"Kiel"}',
    maxRetries: 0,
    stopWhen: stepCountIs(2),
    tools: {
      weather: tool({
        inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } }),
        execute: ({ city }) => `fine in ${city}`,
      }),
    },
  });
  assert.match(called.text, /fine in Kiel/);
  const { output: object } = await generateText({
    model,
    output: Output.object({
      schema: jsonSchema<{ a: number }>({ type: 'object', properties: { a: { type: 'number' } } }),
    }),
    prompt: '!say {"a":1}',
    maxRetries: 0,
  });
  assert.deepEqual(object, { a: 1 });
  const embedder = google.embeddingModel('gemini/gemini-embedding-001');
  const { embeddings } = await embedMany({ model: embedder, values: ['Aa', 'Bb'], maxRetries: 0 });
  assert.deepEqual(
    embeddings.map(([first]) => first),
    [65 / 256, 66 / 256],
  );
});

test('LangChain: an answer and a stream', async () => {
  const model = new ChatGoogleGenerativeAI({
    ...{ apiKey: KEY, baseUrl: gateway.url, model: 'gemini/gemini-2.5-flash', maxRetries: 0 },
  });
  assert.equal((await model.invoke('Hello')).text, 'You said: Hello');
  let text = '';
  for await (const piece of await model.stream('one two')) text += piece.text;
  assert.equal(text, 'You said: one two');
});
