/** OpenAI's client through the gateway to Bedrock and Cohere: tools, images, thoughts, usage. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import OpenAI, { BadRequestError } from 'openai';
import { TOOL_NAME_RULES as BEDROCK_RULES } from '../../src/upstreams/models/bedrock/encode-tools.ts';
import { TOOL_NAME_RULES as COHERE_RULES } from '../../src/upstreams/models/cohere/encode-request.ts';
import { createToolNames } from '../../src/upstreams/models/tool-names.ts';
import { startGateway } from '../support/gateway.ts';
import { MOCK_AWS, startBedrockMock } from '../support/providers/bedrock.ts';
import { MOCK_COHERE_KEY, startCohereMock } from '../support/providers/cohere.ts';

async function start(t: TestContext): Promise<OpenAI> {
  const [bedrock, cohere] = [await startBedrockMock(), await startCohereMock()];
  t.after(() => bedrock[Symbol.asyncDispose]());
  t.after(() => cohere[Symbol.asyncDispose]());
  const providers = {
    bedrock: { baseUrl: bedrock.origin, ...MOCK_AWS },
    cohere: { baseUrl: cohere.origin, apiKey: MOCK_COHERE_KEY },
  };
  const { url, key } = await startGateway(t, { config: { providers } });
  return new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
}

const RULES = { bedrock: BEDROCK_RULES, cohere: COHERE_RULES } as const;
const MODELS = { bedrock: 'bedrock/eu.anthropic.claude-sonnet-4-6-v1:0', cohere: 'cohere/command-a-03-2025' } as const;
const TOOLS = [
  'get-weather',
  'a name that is not short and has spaces in it, so that no provider takes it as it is',
].map((name) => ({
  type: 'function' as const,
  function: { name, parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}));

for (const provider of ['bedrock', 'cohere'] as const) {
  const model = MODELS[provider];

  test(`parallel tools of ${provider} are called, and their results said, whole and streamed`, async (t) => {
    const client = await start(t);
    const [first = '', second = ''] = wireNames(provider);
    const prompt = `!call ${first} {"city":"Köln"}\n!call ${second} {"city":"Rom"}\n!usage 9 4`;
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: prompt }];
    for (const how of ['whole', 'streamed']) {
      const asked = { model, messages, tools: TOOLS };
      const answer =
        how === 'whole'
          ? await client.chat.completions.create(asked)
          : await client.chat.completions
              .stream({ ...asked, stream_options: { include_usage: true } })
              .finalChatCompletion();
      const [choice] = answer.choices;
      assert.equal(choice?.finish_reason, 'tool_calls');
      assert.equal(answer.usage?.total_tokens, 13);
      const calls = (choice?.message.tool_calls ?? []).flatMap((call) => (call.type === 'function' ? [call] : []));
      assert.deepEqual(
        calls.map(({ function: called }) => [called.name, called.arguments]),
        [
          [TOOLS[0]?.function.name, '{"city":"Köln"}'],
          [TOOLS[1]?.function.name, '{"city":"Rom"}'],
        ],
      );
      const results = calls.map(({ id }, i) => ({ role: 'tool' as const, tool_call_id: id, content: `result ${i}` }));
      const said = choice?.message as OpenAI.ChatCompletionMessageParam;
      const last = await client.chat.completions.create({ ...asked, messages: [...messages, said, ...results] });
      assert.equal(last.choices[0]?.message.content, 'Tool said: result 0\nTool said: result 1');
    }
  });

  test(`an image reaches ${provider}`, async (t) => {
    const client = await start(t);
    const url = `data:image/png;base64,${Buffer.from('png!').toString('base64')}`;
    const content = [
      { type: 'text' as const, text: 'What is it?' },
      { type: 'image_url' as const, image_url: { url } },
    ];
    const { choices } = await client.chat.completions.create({ model, messages: [{ role: 'user', content }] });
    assert.equal(choices[0]?.message.content, 'You said: What is it? [image image/png 4 B]');
  });

  test(`thoughts of ${provider} stand apart from what it says`, async (t) => {
    const client = await start(t);
    const messages = [{ role: 'user' as const, content: '!think Let me see\n!say Done' }];
    const { choices } = await client.chat.completions.create({ model, messages, reasoning_effort: 'low' });
    assert.equal(choices[0]?.message.content, 'Done');
    assert.match(JSON.stringify(choices[0]?.message), /Let me see/);
  });

  test(`what ${provider} cannot do is refused by the name of the member`, async (t) => {
    const client = await start(t);
    const messages = [{ role: 'user' as const, content: 'x' }];
    await assert.rejects(client.chat.completions.create({ model, messages, n: 2 }), (error: unknown) => {
      assert.ok(error instanceof BadRequestError);
      assert.match(error.message, /\bn: /);
      return true;
    });
  });
}

/** How the tools are called there: the pretended model is told by the names on its own wire. */
function wireNames(provider: keyof typeof RULES): readonly string[] {
  const names = createToolNames(RULES[provider]);
  return TOOLS.map(({ function: { name } }) => names.toWire(name));
}
