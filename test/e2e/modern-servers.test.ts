/** Servers of 2026-07-28 alone, made with the official SDK, called on behalf of clients that speak no MCP. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { startAccountServer } from '../support/account-server.ts';
import { startGateway } from '../support/gateway.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';

const KEY = 'pck_e2e_modern_servers_0123456789';

test('a call that is carried out for a client of models tells a modern server who that is', async (t) => {
  const server = await startAccountServer(t, 'modern', undefined);
  (server.apiKeys as Map<string, string>).set('key-1', 'shared');
  const mock = await startOpenAiMock();
  t.after(() => mock[Symbol.asyncDispose]());
  const gateway = await startGateway(t, {
    config: {
      mcpServers: { accounts: { type: 'http', url: server.mcpUrl, headers: { 'X-Api-Key': 'key-1' } } },
      providers: { o: { type: 'openai', baseUrl: `${mock.origin}/v1`, apiKey: 'sk-upstream' } },
      keys: [{ name: 'one', value: KEY, allow: ['*'], toolMode: 'classic', execute: 'any', agent: { auto: ['*'] } }],
    },
  });
  await gateway.healthy();
  const headers = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
  for (const agent of ['curl/8.5.0', 'someone', 'OpenAI/Python 2.1.0', '']) {
    const call = { id: 'c1', type: 'function', function: { name: 'accounts__whoami', arguments: '{}' } };
    const response = await fetch(`${gateway.url}/v1/mcp/tool/execute`, {
      ...{ method: 'POST', headers: { ...headers, 'user-agent': agent }, body: JSON.stringify(call) },
    });
    assert.match(await response.text(), /"shared"/, `executed for "${agent}"`);
    const openai = new OpenAI({
      ...{ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 },
      defaultHeaders: { 'user-agent': agent, 'x-portcullis-agent': 'on' },
    });
    const answer = await openai.chat.completions.create({
      model: 'o/gpt-5.2',
      messages: [{ role: 'user', content: '!call accounts__whoami {}' }],
    });
    assert.match(JSON.stringify(answer), /shared/, `run for "${agent}"`);
  }
});
