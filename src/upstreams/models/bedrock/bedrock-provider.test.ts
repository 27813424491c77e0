import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { MOCK_AWS, MOCK_BEDROCK_KEY, startBedrockMock } from '../../../../test/support/providers/bedrock.ts';
import {
  chatCall,
  chatRequest,
  embedCall,
  injectedTools,
  providerConfig,
  providerKey,
  readEvents,
} from '../../../../test/support/providers/call-provider.ts';
import { joinEvents } from '../../../../test/support/providers/join-events.ts';
import type { MockProvider } from '../../../../test/support/providers/mock-provider.ts';
import type { ChatRequest } from '../../../contracts/chat.ts';
import { type ModelProvider, ProviderFailure } from '../../../contracts/models.ts';
import type { CloudCredentials } from '../../../contracts/models-config.ts';
import { Secret } from '../../../contracts/secret.ts';
import { createHttpClient } from '../../http/client.ts';
import { createBedrockProvider } from './bedrock-provider.ts';

const CLAUDE = 'anthropic.claude-sonnet-4-6-v1:0';
const TOOL = {
  type: 'function',
  name: 'weather',
  parameters: { type: 'object', properties: { city: { type: 'string' } } },
} as const;

const AWS: CloudCredentials = {
  ...{ type: 'aws', region: MOCK_AWS.region, accessKeyId: new Secret(MOCK_AWS.accessKeyId) },
  ...{ secretAccessKey: new Secret(MOCK_AWS.secretAccessKey), sessionToken: new Secret(MOCK_AWS.sessionToken) },
};

interface Started {
  readonly mock: MockProvider;
  readonly provider: ModelProvider;
  readonly chat: NonNullable<ModelProvider['chat']>;
}

async function start(t: TestContext, cloud: CloudCredentials = AWS): Promise<Started> {
  const mock = await startBedrockMock();
  const http = createHttpClient();
  t.after(async () => {
    await http[Symbol.asyncDispose]();
    await mock[Symbol.asyncDispose]();
  });
  const provider = createBedrockProvider(
    { http, now: Date.now, randomHex: (digits) => randomBytes(digits).toString('hex').slice(0, digits) },
    providerConfig('bedrock', mock.origin, { cloud, keys: [providerKey(MOCK_BEDROCK_KEY)] }),
  );
  assert.ok(provider.chat);
  return { mock, provider, chat: provider.chat };
}

/** The neutral answer, whichever way it was sent. */
async function ask({ chat }: Started, request: ChatRequest, model = CLAUDE) {
  const call = chatCall(request, { model });
  const outcome = await chat(call);
  const { report } = call;
  if (outcome.type === 'chat') {
    assert.equal(outcome.answer.lane, 'neutral');
    const { choices, usage } = outcome.answer.value as Exclude<typeof outcome.answer.value, string>;
    return { report, usage, parts: choices[0]?.parts, stop: choices[0]?.stop };
  }
  assert.equal(outcome.stream.lane, 'neutral');
  if (outcome.stream.lane !== 'neutral') throw new Error('unreachable');
  return { report, ...joinEvents(await readEvents(outcome.stream.value)) };
}

const failsWith = (kind: string, text?: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ProviderFailure, String(error));
  assert.equal(error.kind, kind, error.message);
  if (text !== undefined) assert.match(error.publicText ?? '', text);
  return true;
};

for (const stream of [false, true]) {
  const how = stream ? 'streamed' : 'whole';

  test(`a ${how} answer holds thoughts with their signature, text, parallel calls and the usage`, async (t) => {
    const started = await start(t);
    const prompt =
      '!think Let me see\n!say Grüße 👋\n!call weather {"city":"Köln"}\n!call weather {"id":12345678901234567890}\n!usage 50 7 20';
    const { parts, stop, usage, report } = await ask(started, chatRequest(prompt, { stream, tools: [TOOL] }));
    assert.deepEqual(parts, [
      { type: 'reasoning', text: 'Let me see', signature: 'signed-0' },
      { type: 'text', text: 'Grüße 👋' },
      { type: 'tool-call', id: 'tooluse_2', name: 'weather', arguments: '{"city":"Köln"}' },
      // The pretended provider reads the number as JavaScript does, before it leaves whole; in a stream it is text.
      {
        type: 'tool-call',
        id: 'tooluse_3',
        name: 'weather',
        arguments: stream ? '{"id":12345678901234567890}' : '{"id":12345678901234567000}',
      },
    ]);
    assert.equal(stop, 'tool-calls');
    const expected = { inputTokens: 50, outputTokens: 7, cachedTokens: 20, cacheWriteTokens: 0 };
    assert.deepEqual(usage, expected);
    assert.deepEqual(report.usage, expected);
    assert.equal(report.stop, 'tool-calls');
    assert.ok(report.outputChars > 40);
  });

  test(`results of tools arrive, and what was said before with them (${how})`, async (t) => {
    const started = await start(t);
    const request = chatRequest('', {
      ...{ stream, tools: [TOOL] },
      messages: [
        { role: 'user', parts: [{ type: 'text', text: '!call weather {"city":"Rom"}' }] },
        {
          role: 'assistant',
          parts: [
            { type: 'tool-call', id: 'a', name: 'weather', arguments: '{"city":"Rom"}' },
            { type: 'tool-call', id: 'b', name: 'weather', arguments: '' },
          ],
        },
        { role: 'tool', callId: 'a', parts: [{ type: 'text', text: 'sunny' }] },
        { role: 'tool', callId: 'b', parts: [{ type: 'text', text: 'rain' }], isError: true },
      ],
    });
    const { parts } = await ask(started, request);
    assert.deepEqual(parts, [{ type: 'text', text: 'Tool said: sunny\nTool said: rain' }]);
    const sent = started.mock.requests[0]?.json as { messages: { role: string; content: object[] }[] } | undefined;
    assert.deepEqual(
      sent?.messages.map(({ role, content }) => `${role} ${content.length}`),
      ['user 1', 'assistant 2', 'user 2'],
    );
  });

  test(`an exception is the failure it means (${how})`, async (t) => {
    const started = await start(t);
    const fail = (status: number) => ask(started, chatRequest(`!fail ${status} 3`, { stream }));
    await assert.rejects(fail(429), (error: unknown) => {
      assert.ok(failsWith('rate-limited')(error));
      assert.equal((error as ProviderFailure).retryAfterMs, 3_000);
      return true;
    });
    await assert.rejects(fail(503), failsWith('overloaded'));
    await assert.rejects(fail(500), failsWith('server-error'));
    await assert.rejects(fail(408), failsWith('timeout'));
    await assert.rejects(fail(424), failsWith('server-error'));
    await assert.rejects(fail(403), failsWith('unauthorized'));
    await assert.rejects(fail(400), failsWith('invalid-request', /mock failure 400/));
    await assert.rejects(ask(started, chatRequest('x', { stream }), 'missing'), failsWith('unknown-model'));
  });
}

test('requests signed with an access key, or sent with an API key, are believed; others are not', async (t) => {
  const keyOnly = { ...AWS, accessKeyId: undefined, secretAccessKey: undefined };
  const withKey = await start(t, keyOnly);
  const outcome = await withKey.chat(chatCall(chatRequest('hi'), { model: CLAUDE, key: MOCK_BEDROCK_KEY }));
  assert.equal(outcome.type, 'chat');
  assert.equal(withKey.mock.requests[0]?.headers.authorization, `Bearer ${MOCK_BEDROCK_KEY}`);
  const other = await start(t, { ...AWS, secretAccessKey: new Secret('another-secret-altogether') });
  await assert.rejects(ask(other, chatRequest('hi')), failsWith('unauthorized'));
  await assert.rejects(withKey.chat(chatCall(chatRequest('hi'), { model: CLAUDE })), failsWith('unauthorized'));
});

test('a profile named by its ARN is reached, and the signature holds', async (t) => {
  const arn = 'arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.anthropic.claude-x-v1:0';
  const { parts } = await ask(await start(t), chatRequest('hi'), arn);
  assert.deepEqual(parts, [{ type: 'text', text: 'You said: hi' }]);
});

test('an image arrives as bytes; one by URL is refused before anything is sent', async (t) => {
  const started = await start(t);
  const source = { type: 'base64', mediaType: 'image/png', data: Buffer.from('png!').toString('base64') } as const;
  const text = { type: 'text', text: 'What is it?' } as const;
  const request = chatRequest('', { messages: [{ role: 'user', parts: [text, { type: 'image', source }] }] });
  const { parts } = await ask(started, request);
  assert.deepEqual(parts, [{ type: 'text', text: 'You said: What is it? [image image/png 4 B]' }]);
  const url = { type: 'url', url: 'https://example.com/a.png' } as const;
  await assert.rejects(
    ask(started, chatRequest('', { messages: [{ role: 'user', parts: [text, { type: 'image', source: url }] }] })),
    failsWith('unsupported', /^messages\[0\]\.content\[1\]: /),
  );
  assert.equal(started.mock.requests.length, 1);
});

test('names that Bedrock does not take come back as they were, beside tools of the gateway', async (t) => {
  const started = await start(t);
  const name = 'files.read/with a name that is far longer than the sixty-four characters there are';
  const injected = injectedTools([
    { name: 'gw_tool', description: 'Of the gateway', parameters: '{"type":"object","x-big":12345678901234567890}' },
  ]);
  const first = chatCall(chatRequest('hi', { tools: [{ ...TOOL, name, namespace: 'mcp' }] }), {
    model: CLAUDE,
    injected,
  });
  await started.chat(first);
  const sent = started.mock.requests[0]?.json as
    | { toolConfig: { tools: { toolSpec: { name: string } }[] } }
    | undefined;
  const [own, theirs] = (sent?.toolConfig.tools ?? []).map(({ toolSpec }) => toolSpec.name);
  assert.match(own ?? '', /^mcp__files_read_with_a_name[a-zA-Z0-9_]{1,64}$/);
  assert.equal(theirs, 'gw_tool');
  assert.match(started.mock.requests[0]?.body.toString() ?? '', /"x-big":12345678901234567890/);
  const { parts } = await ask(
    started,
    chatRequest(`!call ${own} {}`, { tools: [{ ...TOOL, name, namespace: 'mcp' }] }),
  );
  assert.deepEqual(parts, [{ type: 'tool-call', id: 'tooluse_0', name, namespace: 'mcp', arguments: '{}' }]);
});

test('an exception in a stream is thrown: first thing before the stream is handed out, later while it is read', async (t) => {
  const started = await start(t);
  const early = chatRequest('!say exception first serviceUnavailableException', { stream: true });
  await assert.rejects(started.chat(chatCall(early, { model: CLAUDE })), failsWith('overloaded'));
  const outcome = await started.chat(
    chatCall(chatRequest('!say exception throttlingException', { stream: true }), { model: CLAUDE }),
  );
  assert.equal(outcome.type, 'chat-stream');
  if (outcome.type !== 'chat-stream' || outcome.stream.lane !== 'neutral') throw new Error('unreachable');
  await assert.rejects(readEvents(outcome.stream.value), failsWith('rate-limited'));
  await assert.rejects(
    ask(started, chatRequest('!say one two three\n!reset stream', { stream: true })),
    failsWith('connection-lost'),
  );
  await assert.rejects(
    ask(started, chatRequest('!say one two three\n!garbage stream', { stream: true })),
    failsWith('malformed'),
  );
  await assert.rejects(ask(started, chatRequest('!garbage head')), failsWith('malformed'));
});

test('whoever leaves a stream, or goes away before it, ends the answer of the provider', async (t) => {
  const started = await start(t);
  const request = chatRequest('!say a b c d e f\n!chunks 6\n!pace 1000', { stream: true });
  const outcome = await started.chat(chatCall(request, { model: CLAUDE }));
  if (outcome.type !== 'chat-stream' || outcome.stream.lane !== 'neutral') throw new Error('unreachable');
  const iterator = outcome.stream.value[Symbol.asyncIterator]();
  await iterator.return?.();
  await started.mock.waitForAborts(1);
  const leaving = new AbortController();
  const waiting = started.chat(chatCall(chatRequest('!hang head'), { model: CLAUDE, signal: leaving.signal }));
  while (started.mock.requests.length < 2) await new Promise(setImmediate);
  leaving.abort();
  await assert.rejects(waiting, failsWith('cancelled'));
  await started.mock.waitForAborts(2);
});

test('tokens are counted, models listed', async (t) => {
  const { provider } = await start(t);
  const { countTokens, listModels } = provider;
  const outcome = await countTokens?.(chatCall(chatRequest('twelve chars'), { model: CLAUDE }));
  assert.deepEqual(outcome?.answer, { lane: 'neutral', value: { inputTokens: 12 } });
  const models = await listModels?.({ key: undefined, signal: new AbortController().signal, timeoutMs: 5_000 });
  assert.deepEqual(models?.[1], { name: 'amazon.nova-pro-v1:0', displayName: 'Nova Pro' });
});

test('texts become vectors in their order, with Titan and with Cohere models', async (t) => {
  const { provider, mock } = await start(t);
  const inputs = Array.from({ length: 100 }, (_, i) => 'x'.repeat(i + 1));
  const request = { dialect: 'openai', inputs, single: false, dimensions: 6 } as const;
  for (const [model, requests] of [
    ['amazon.titan-embed-text-v2:0', 100],
    ['cohere.embed-v4:0', 2],
  ] as const) {
    const before = mock.requests.length;
    const call = embedCall({ ...request, taskType: 'RETRIEVAL_QUERY' }, { model });
    const outcome = await provider.embed?.(call);
    assert.ok(outcome?.answer.lane === 'neutral');
    assert.deepEqual(
      outcome.answer.value.vectors.map((vector) => vector[0]),
      inputs.map(({ length }) => length),
    );
    assert.equal(outcome.answer.value.vectors[0]?.length, 6);
    assert.equal(outcome.answer.value.inputTokens, 5_050);
    assert.equal(mock.requests.length - before, requests);
  }
  const last = mock.requests.at(-1)?.json as { input_type: string } | undefined;
  assert.equal(last?.input_type, 'search_query');
  await assert.rejects(
    Promise.resolve(provider.embed?.(embedCall({ ...request, inputs: [[1, 2]] }, { model: 'cohere.embed-v4:0' }))),
    failsWith('unsupported', /^input\[0\]/),
  );
});
