/** `@anthropic-ai/sdk`. */

import Anthropic from '@anthropic-ai/sdk';
import { type Ask, type CreateClient, failureOf, PERSON, type Told, WEATHER, weatherIn } from '../program.ts';

const tools: Anthropic.Tool[] = [
  { name: WEATHER.name, description: WEATHER.description, input_schema: WEATHER.parameters },
];

function messagesOf({ prompt, image }: Ask): Anthropic.MessageParam[] {
  const media: Anthropic.ContentBlockParam[] =
    image === undefined ? [] : [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } }];
  return [{ role: 'user', content: [...media, { type: 'text', text: prompt }] }];
}

function tell({ content, usage }: Anthropic.Message, pieces: number): Told {
  return {
    text: content.map((block) => (block.type === 'text' ? block.text : '')).join(''),
    calls: content.flatMap((block) =>
      block.type === 'tool_use' ? [{ name: block.name, arguments: block.input }] : [],
    ),
    usage: { input: usage.input_tokens, output: usage.output_tokens },
    pieces,
  };
}

export const createAnthropic: CreateClient = ({ url, key }) => {
  const client = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });
  const bodyOf = (ask: Ask) => ({
    model: ask.model,
    max_tokens: 1_000,
    messages: messagesOf(ask),
    ...(ask.system !== undefined && { system: ask.system }),
    ...(ask.withTool === true && { tools }),
  });
  return {
    name: '@anthropic-ai/sdk',
    chat: async (ask) => tell(await client.messages.create(bodyOf(ask)), 1),
    async stream(ask) {
      const runner = client.messages.stream(bodyOf(ask));
      let pieces = 0;
      runner.on('text', () => pieces++);
      return tell(await runner.finalMessage(), pieces);
    },
    async useTool(ask) {
      const messages = messagesOf(ask);
      const first = await client.messages.create({ model: ask.model, max_tokens: 1_000, messages, tools });
      messages.push({ role: 'assistant', content: first.content });
      const results = first.content.flatMap((block): Anthropic.ToolResultBlockParam[] =>
        block.type === 'tool_use'
          ? [{ type: 'tool_result', tool_use_id: block.id, content: weatherIn(block.input) }]
          : [],
      );
      messages.push({ role: 'user', content: results });
      return tell(await client.messages.create({ model: ask.model, max_tokens: 1_000, messages, tools }), 1).text;
    },
    async structured(ask) {
      const answer = await client.messages.create({
        ...bodyOf(ask),
        output_config: { format: { type: 'json_schema', schema: PERSON } },
      });
      return JSON.parse(tell(answer, 1).text);
    },
    embed: undefined,
    failure: (ask) => failureOf(() => client.messages.create(bodyOf(ask))),
    async abort(ask) {
      const stream = await client.messages.create({ ...bodyOf(ask), stream: true });
      for await (const event of stream) if (event.type === 'content_block_delta') stream.controller.abort();
    },
  };
};
