/** `openai`, chat completions. */

import OpenAI from 'openai';
import { type Ask, type CreateClient, failureOf, PERSON, type Told, WEATHER, weatherIn } from '../program.ts';

const tools: OpenAI.ChatCompletionTool[] = [{ type: 'function', function: WEATHER }];

function messagesOf({ prompt, system, image }: Ask): OpenAI.ChatCompletionMessageParam[] {
  const content: OpenAI.ChatCompletionUserMessageParam['content'] =
    image === undefined
      ? prompt
      : [
          { type: 'text', text: prompt },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } },
        ];
  return [...(system === undefined ? [] : [{ role: 'system' as const, content: system }]), { role: 'user', content }];
}

function tell({ choices, usage }: OpenAI.ChatCompletion, pieces: number): Told {
  const message = choices[0]?.message;
  return {
    text: message?.content ?? '',
    calls: (message?.tool_calls ?? []).map((call) =>
      call.type === 'function'
        ? { name: call.function.name, arguments: JSON.parse(call.function.arguments) }
        : { name: call.custom.name, arguments: call.custom.input },
    ),
    usage: usage && { input: usage.prompt_tokens, output: usage.completion_tokens },
    pieces,
  };
}

export const createOpenaiChat: CreateClient = ({ url, key }) => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
  const bodyOf = (ask: Ask) => ({
    model: ask.model,
    messages: messagesOf(ask),
    ...(ask.withTool === true && { tools }),
  });
  return {
    name: 'openai (chat)',
    chat: async (ask) => tell(await client.chat.completions.create(bodyOf(ask)), 1),
    async stream(ask) {
      const runner = client.chat.completions.stream({ ...bodyOf(ask), stream_options: { include_usage: true } });
      let pieces = 0;
      runner.on('content', () => pieces++);
      return tell(await runner.finalChatCompletion(), pieces);
    },
    async useTool(ask) {
      const messages = messagesOf(ask);
      const first = await client.chat.completions.create({ model: ask.model, messages, tools });
      const message = first.choices[0]?.message;
      if (message === undefined) throw new Error('no message');
      messages.push(message);
      for (const call of message.tool_calls ?? [])
        if (call.type === 'function')
          messages.push({
            role: 'tool',
            tool_call_id: call.id,
            content: weatherIn(JSON.parse(call.function.arguments)),
          });
      const second = await client.chat.completions.create({ model: ask.model, messages, tools });
      return second.choices[0]?.message.content ?? '';
    },
    async structured(ask) {
      const answer = await client.chat.completions.parse({
        ...bodyOf(ask),
        response_format: { type: 'json_schema', json_schema: { name: 'person', schema: PERSON, strict: true } },
      });
      return answer.choices[0]?.message.parsed ?? JSON.parse(answer.choices[0]?.message.content ?? '');
    },
    embed: async (model, texts) =>
      (await client.embeddings.create({ model, input: [...texts] })).data.map(({ embedding }) => embedding),
    failure: (ask) => failureOf(() => client.chat.completions.create(bodyOf(ask))),
    async abort(ask) {
      const stream = await client.chat.completions.create({ ...bodyOf(ask), stream: true });
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) stream.controller.abort();
    },
  };
};
