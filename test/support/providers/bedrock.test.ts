import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { type TestContext, test } from 'node:test';
import {
  BedrockRuntimeClient,
  ConverseCommand,
  type ConverseCommandInput,
  ConverseStreamCommand,
  CountTokensCommand,
  InvokeModelCommand,
  ThrottlingException,
} from '@aws-sdk/client-bedrock-runtime';
import { MOCK_AWS, startBedrockMock } from './bedrock.ts';

const { region, ...credentials } = MOCK_AWS;

interface SdkRequest {
  readonly method: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly headers: { readonly [name: string]: string };
  readonly body?: string | Uint8Array;
}

/** The SDK speaks HTTP/2 to Bedrock by itself; Bedrock, and we, take HTTP/1.1 as well. */
const requestHandler = {
  handle: ({ hostname, port, method, path, headers, body }: SdkRequest) =>
    new Promise<{ response: never }>((resolve, reject) => {
      const request = httpRequest({ hostname, port, method, path, headers }, (answer) =>
        resolve({ response: { statusCode: answer.statusCode, headers: answer.headers, body: answer } as never }),
      );
      request.on('error', reject);
      request.end(body);
    }),
};

async function start(t: TestContext, given: typeof credentials | { accessKeyId: string; secretAccessKey: string }) {
  const mock = await startBedrockMock();
  const client = new BedrockRuntimeClient({
    region,
    credentials: given,
    endpoint: mock.origin,
    maxAttempts: 1,
    requestHandler,
  });
  t.after(async () => {
    client.destroy();
    await mock[Symbol.asyncDispose]();
  });
  return { mock, client };
}

const ask = (text: string): ConverseCommandInput => ({
  modelId: 'anthropic.claude-sonnet-4-6-v1:0',
  messages: [{ role: 'user', content: [{ text }] }],
});

test('the official SDK reads whole answers of the pretended Bedrock', async (t) => {
  const { client } = await start(t, credentials);
  const answer = await client.send(new ConverseCommand(ask('!think Hm\n!say Hello\n!call f {"a":[1]}\n!usage 9 3 4')));
  assert.deepEqual(answer.output?.message?.content, [
    { reasoningContent: { reasoningText: { text: 'Hm', signature: 'signed-0' } } },
    { text: 'Hello' },
    { toolUse: { toolUseId: 'tooluse_2', name: 'f', input: { a: [1] } } },
  ]);
  assert.equal(answer.stopReason, 'tool_use');
  assert.deepEqual(answer.usage, {
    ...{ inputTokens: 5, outputTokens: 3, totalTokens: 12, cacheReadInputTokens: 4, cacheWriteInputTokens: 0 },
  });
});

test('the official SDK reads streams of the pretended Bedrock', async (t) => {
  const { client } = await start(t, credentials);
  const { stream } = await client.send(new ConverseStreamCommand(ask('!say Hello\n!call f {"a":1}')));
  const names: string[] = [];
  let text = '';
  for await (const event of stream ?? []) {
    names.push(Object.keys(event)[0] ?? '');
    text += event.contentBlockDelta?.delta?.text ?? event.contentBlockDelta?.delta?.toolUse?.input ?? '';
  }
  assert.equal(text, 'Hello{"a":1}');
  assert.deepEqual(names.slice(-3), ['contentBlockStop', 'messageStop', 'metadata']);
  const broken = await client.send(new ConverseStreamCommand(ask('!say exception throttlingException')));
  await assert.rejects(async () => {
    for await (const event of broken.stream ?? []) assert.ok(event);
  }, ThrottlingException);
});

test('the official SDK sees the exceptions, counts and vectors of the pretended Bedrock', async (t) => {
  const { client } = await start(t, credentials);
  await assert.rejects(client.send(new ConverseCommand(ask('!fail 429'))), ThrottlingException);
  await assert.rejects(client.send(new ConverseCommand(ask('  '))), { name: 'ValidationException' });
  const { messages } = ask('twelve chars');
  const input = { converse: { messages } };
  const counted = await client.send(new CountTokensCommand({ modelId: 'anthropic.claude-x', input }));
  assert.equal(counted.inputTokens, 12);
  const body = JSON.stringify({ inputText: 'abc', dimensions: 4 });
  const vector = await client.send(new InvokeModelCommand({ modelId: 'amazon.titan-embed-text-v2:0', body }));
  assert.deepEqual(JSON.parse(vector.body.transformToString()).embedding, [3, 97, 0.5, 0.5]);
});

test('a request signed with another secret is refused', async (t) => {
  const { client } = await start(t, { accessKeyId: MOCK_AWS.accessKeyId, secretAccessKey: 'another-secret' });
  await assert.rejects(client.send(new ConverseCommand(ask('hi'))), { name: 'InvalidSignatureException' });
});
