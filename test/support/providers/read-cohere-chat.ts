/** Reads a body of Cohere's v2 chat back into the neutral chat: the other half of the codec, for tests that nothing is lost. */

import type { AssistantPart, ChatMessage, ChatRequest, UserPart } from '../../../src/contracts/chat.ts';
import type { ToolNames } from '../../../src/upstreams/models/tool-names.ts';

/** What is read of a body; trusted, since the codec under test wrote it. */
// biome-ignore lint/suspicious/noExplicitAny: the wire as it is, for a test
type Wire = any;

const CHOICES: { readonly [choice: string]: ChatRequest['toolChoice'] } = {
  REQUIRED: { type: 'required' },
  NONE: { type: 'none' },
};

export function readCohereChat(body: Wire, names: ToolNames): Partial<ChatRequest> {
  return clean({
    messages: body.messages.map((message: Wire) => readMessage(message, names)),
    tools: (body.tools ?? []).map(({ function: { name, description, parameters } }: Wire) =>
      clean({ type: 'function', ...names.fromWire(name), description, parameters }),
    ),
    toolChoice: CHOICES[body.tool_choice],
    maxOutputTokens: body.max_tokens,
    temperature: body.temperature,
    topP: body.p,
    topK: body.k,
    stop: body.stop_sequences,
    seed: body.seed,
    frequencyPenalty: body.frequency_penalty,
    presencePenalty: body.presence_penalty,
    output: readFormat(body.response_format),
    reasoning:
      body.thinking && clean({ enabled: body.thinking.type === 'enabled', budgetTokens: body.thinking.token_budget }),
    stream: body.stream,
  });
}

const clean = (value: object): Wire =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined));

function readFormat(format: Wire): ChatRequest['output'] {
  if (format === undefined) return undefined;
  return format.json_schema === undefined ? { type: 'json' } : { type: 'json-schema', schema: format.json_schema };
}

function readUser(content: Wire): readonly UserPart[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return content.map((block: Wire): UserPart => {
    if (block.type === 'text') return block;
    const [, mediaType = '', data = ''] = /^data:([^;]+);base64,(.*)$/.exec(block.image_url.url) ?? [];
    return { type: 'image', source: { type: 'base64', mediaType, data } };
  });
}

function readMessage(message: Wire, names: ToolNames): ChatMessage {
  const { role, content, tool_call_id: callId, tool_plan: plan, tool_calls: calls } = message;
  if (role === 'tool') return { role, callId, parts: readUser(content) };
  if (role !== 'assistant') return { role, parts: readUser(content) };
  const said = (content ?? []).map(
    ({ type, text, thinking }: Wire): AssistantPart =>
      type === 'thinking' ? { type: 'reasoning', text: thinking } : { type, text },
  );
  const called = (calls ?? []).map(
    ({ id, function: { name, arguments: written } }: Wire): AssistantPart => ({
      ...{ type: 'tool-call', id, name: names.fromWire(name).name, arguments: written },
    }),
  );
  return { role, parts: [...said, ...(plan === undefined ? [] : [{ type: 'text', text: plan }]), ...called] };
}
