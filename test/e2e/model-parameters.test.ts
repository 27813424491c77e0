/** Bounds on parameters of requests to models, in every dialect and however a request spells them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApp } from '../support/app.ts';

const SECRET = 'bounded-key-0123456789abcdef';

test('a key with bounds gets no more output, heat, answers or thinking than they say, whatever the dialect', async (t) => {
  const { url } = await startApp(t, {
    providers: { fake: {} },
    keys: [
      {
        ...{ name: 'bounded', value: SECRET, allow: ['*'] },
        parameters: { maxOutputTokens: 100, maxTemperature: 1, maxChoices: 1, maxReasoningTokens: 50 },
      },
    ],
  });
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${SECRET}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: answer.status, text: await answer.text() };
  };
  const messages = [{ role: 'user', content: 'hello' }];
  const chat = (more: object) => post('/v1/chat/completions', { model: 'fake/echo', messages, ...more });
  const responses = (more: object) => post('/v1/responses', { model: 'fake/echo', input: 'hello', ...more });
  const anthropic = (more: object) => post('/v1/messages', { model: 'fake/echo', messages, ...more });
  const gemini = (more: object) =>
    post('/v1beta/models/fake%2Fecho:generateContent', {
      contents: [{ role: 'user', parts: [{ text: 'hello' }] }],
      generationConfig: more,
    });

  const within = [
    () => chat({ max_tokens: 100, temperature: 1 }),
    () => chat({ max_completion_tokens: 1, n: 1 }),
    () => chat({ max_tokens: 100, stream: true }),
    () => responses({ max_output_tokens: 100 }),
    () => anthropic({ max_tokens: 100 }),
    () => gemini({ maxOutputTokens: 100, temperature: 0.5 }),
  ];
  for (const [i, ask] of within.entries()) {
    const { status, text } = await ask();
    assert.equal(status, 200, `${i}: ${text}`);
  }
  const beyond: [() => Promise<{ status: number; text: string }>, RegExp][] = [
    [() => chat({}), /maxOutputTokens/],
    [() => chat({ max_tokens: 101 }), /101 is more than 100/],
    [() => chat({ max_completion_tokens: 10, max_tokens: 5_000 }), /5000 is more than 100/],
    [() => chat({ max_tokens: 5, temperature: 1.1 }), /maxTemperature/],
    [() => chat({ max_tokens: 5, n: 2 }), /maxChoices/],
    [() => chat({ max_tokens: 101, stream: true }), /101 is more than 100/],
    [() => responses({}), /maxOutputTokens/],
    [() => responses({ max_output_tokens: 101 }), /101 is more than 100/],
    [() => anthropic({ max_tokens: 101 }), /101 is more than 100/],
    [
      () => anthropic({ max_tokens: 100, thinking: { type: 'enabled', budget_tokens: 2_000 } }),
      /maxReasoningTokens|budget_tokens|max_tokens/,
    ],
    [() => gemini({}), /maxOutputTokens/],
    [() => gemini({ maxOutputTokens: 200 }), /200 is more than 100/],
    [
      () => post('/v1/completions', { model: 'fake/echo', prompt: 'hello', max_tokens: 5 }),
      /cannot be checked|outside/,
    ],
  ];
  for (const [i, [ask, reason]] of beyond.entries()) {
    const { status, text } = await ask();
    assert.equal(status, 400, `${i}: ${text}`);
    assert.match(text, reason, `${i}`);
  }
});
