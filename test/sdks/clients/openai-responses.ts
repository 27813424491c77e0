/** `openai`, responses. */

import OpenAI from 'openai';
import type { Response, ResponseInput } from 'openai/resources/responses/responses';
import { type Ask, type CreateClient, failureOf, PERSON, type Told, WEATHER, weatherIn } from '../program.ts';

const tools: OpenAI.Responses.Tool[] = [{ type: 'function', ...WEATHER, strict: true }];

function inputOf({ prompt, image }: Ask): ResponseInput {
  return [
    {
      role: 'user',
      content: [
        { type: 'input_text', text: prompt },
        ...(image === undefined
          ? []
          : [{ type: 'input_image' as const, detail: 'auto' as const, image_url: `data:image/png;base64,${image}` }]),
      ],
    },
  ];
}

function tell(response: Response, pieces: number): Told {
  return {
    text: response.output_text,
    calls: response.output.flatMap((item) =>
      item.type === 'function_call' ? [{ name: item.name, arguments: JSON.parse(item.arguments) }] : [],
    ),
    usage: response.usage && { input: response.usage.input_tokens, output: response.usage.output_tokens },
    pieces,
  };
}

export const createOpenaiResponses: CreateClient = ({ url, key }) => {
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
  const bodyOf = (ask: Ask) => ({
    model: ask.model,
    input: inputOf(ask),
    ...(ask.system !== undefined && { instructions: ask.system }),
    ...(ask.withTool === true && { tools }),
  });
  return {
    name: 'openai (responses)',
    chat: async (ask) => tell(await client.responses.create(bodyOf(ask)), 1),
    async stream(ask) {
      const runner = client.responses.stream(bodyOf(ask));
      let pieces = 0;
      runner.on('response.output_text.delta', () => pieces++);
      return tell(await runner.finalResponse(), pieces);
    },
    async useTool(ask) {
      const input = inputOf(ask);
      const first = await client.responses.create({ model: ask.model, input, tools });
      for (const item of first.output) {
        input.push(item as ResponseInput[number]);
        if (item.type === 'function_call')
          input.push({
            type: 'function_call_output',
            call_id: item.call_id,
            output: weatherIn(JSON.parse(item.arguments)),
          });
      }
      return (await client.responses.create({ model: ask.model, input, tools })).output_text;
    },
    async structured(ask) {
      const answer = await client.responses.parse({
        ...bodyOf(ask),
        text: { format: { type: 'json_schema', name: 'person', schema: PERSON, strict: true } },
      });
      return answer.output_parsed ?? JSON.parse(answer.output_text);
    },
    embed: undefined,
    failure: (ask) => failureOf(() => client.responses.create(bodyOf(ask))),
    async abort(ask) {
      const stream = await client.responses.create({ ...bodyOf(ask), stream: true });
      for await (const event of stream) if (event.type === 'response.output_text.delta') stream.controller.abort();
    },
  };
};
