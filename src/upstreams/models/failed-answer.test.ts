import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { chatCall, chatRequest, providerConfig } from '../../../test/support/providers/call-provider.ts';
import type { ProviderFailure } from '../../contracts/models.ts';
import type { ProviderConfig, ProviderType } from '../../contracts/models-config.ts';
import { Secret } from '../../contracts/secret.ts';
import { createHttpClient } from '../http/client.ts';
import { createAnthropicProvider } from './anthropic/anthropic-provider.ts';
import { createBedrockProvider } from './bedrock/bedrock-provider.ts';
import { createCohereProvider } from './cohere/cohere-provider.ts';
import { createGeminiProvider } from './gemini/gemini-provider.ts';
import { createOpenaiProvider } from './openai/openai-provider.ts';
import type { CreateProvider } from './provider-codec.ts';

const PROVIDERS: readonly (readonly [string, CreateProvider, ProviderType, Partial<ProviderConfig>])[] = [
  ['openai', createOpenaiProvider, 'openai', {}],
  [
    'openai-responses',
    createOpenaiProvider,
    'openai',
    { quirks: { ...providerConfig('openai', '').quirks, has: ['responses'] } },
  ],
  ['anthropic', createAnthropicProvider, 'anthropic', {}],
  ['gemini', createGeminiProvider, 'gemini', {}],
  ['cohere', createCohereProvider, 'cohere', {}],
  ['bedrock', createBedrockProvider, 'bedrock', {}],
];

/** How a question fails at a provider that answers like this. */
async function failureOf(
  t: TestContext,
  [dialect, create, type, more]: (typeof PROVIDERS)[number],
  answer: RequestListener,
): Promise<ProviderFailure> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const http = createHttpClient();
  t.after(async () => {
    await http[Symbol.asyncDispose]();
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const deps = { http, now: Date.now, randomHex: (digits: number) => '0'.repeat(digits) };
  const headers = { 'x-door': new Secret('sesame-sesame') };
  const provider = create(deps, providerConfig(type, origin, { headers, ...more }));
  const request = chatRequest('hi', dialect === 'openai-responses' ? { dialect } : {});
  const call = chatCall(request, { model: 'm', key: 'key-of-the-provider' });
  try {
    await provider.chat?.(call);
  } catch (error) {
    return error as ProviderFailure;
  }
  throw new Error('it answered');
}

for (const row of PROVIDERS) {
  test(`${row[0]}: a refusal whose words break off is the refusal its status says`, async (t) => {
    const failure = await failureOf(t, row, (_, response) => {
      response.writeHead(429, { 'retry-after': '7' }).write('{"err');
      setImmediate(() => response.destroy());
    });
    assert.equal(failure.kind, 'rate-limited');
    assert.equal(failure.retryAfterMs, 7_000);
  });

  test(`${row[0]}: no secret of the configuration stands in a failure, whatever the provider quotes`, async (t) => {
    const message = 'not allowed: sesame-sesame, key-of-the-provider';
    const failure = await failureOf(t, row, (_, response) => {
      response.writeHead(400).end(JSON.stringify({ message, error: { message, status: 'X', type: 'x' } }));
    });
    assert.match(failure.publicText ?? '', /^not allowed: \[redacted\], \[redacted\]$/);
    assert.doesNotMatch(failure.message, /sesame|key-of/);
  });
}
