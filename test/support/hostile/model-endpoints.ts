/** Every way in to a model: where it is, an ordinary body that uses what the dialect has, and how its errors are read. */

import assert from 'node:assert/strict';

export interface ModelEndpoint {
  readonly name: string;
  readonly errors: 'openai' | 'anthropic' | 'gemini';
  readonly kind: 'chat' | 'count' | 'embed' | 'pass';
  path(model: string): string;
  /** A new one each time. Of Gemini the model stands in the path. */
  body(model: string): { [member: string]: unknown };
}

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==';
const SCHEMA = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

function chatBody(model: string): { [member: string]: unknown } {
  return {
    model,
    messages: [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hello', cache_control: { type: 'ephemeral', ttl: '5m' } },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}`, detail: 'low' } },
        ],
      },
      {
        role: 'assistant',
        content: 'One moment.',
        reasoning_content: 'Hm.',
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Paris"}' } }],
      },
      { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
      { role: 'user', content: 'Go on', name: 'bob' },
    ],
    tools: [{ type: 'function', function: { name: 'weather', description: 'd', parameters: SCHEMA, strict: false } }],
    tool_choice: { type: 'function', function: { name: 'weather' } },
    ...{ parallel_tool_calls: true, max_completion_tokens: 100, temperature: 0.5, top_p: 0.9, stop: ['x'], n: 1 },
    response_format: { type: 'json_schema', json_schema: { name: 's', schema: SCHEMA, strict: true } },
    ...{ reasoning_effort: 'low', metadata: { a: 'b' }, user: 'u', stream: false, verbosity: 'low' },
    ...{ stream_options: { include_usage: true }, service_tier: 'default' },
  };
}

function responsesBody(model: string): { [member: string]: unknown } {
  return {
    model,
    instructions: 'Be brief.',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Hello' },
          { type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'low' },
        ],
      },
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'Hm.' }] },
      { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{"city":"Paris"}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'sunny' },
      { role: 'user', content: 'Go on' },
    ],
    tools: [
      { type: 'function', name: 'weather', description: 'd', parameters: SCHEMA, strict: false },
      { type: 'namespace', name: 'g', tools: [{ type: 'function', name: 'time', parameters: SCHEMA }] },
    ],
    tool_choice: { type: 'function', name: 'weather' },
    ...{ parallel_tool_calls: true, max_output_tokens: 100, temperature: 0.5, top_p: 0.9 },
    text: { format: { type: 'json_schema', name: 's', schema: SCHEMA, strict: true }, verbosity: 'low' },
    reasoning: { effort: 'low', summary: 'auto' },
    ...{ metadata: { a: 'b' }, user: 'u', stream: false, include: ['reasoning.encrypted_content'], store: false },
    ...{ truncation: 'disabled', service_tier: 'default' },
  };
}

function countedBody(model: string): { [member: string]: unknown } {
  return {
    model,
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '5m' } }],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hello' },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
        ],
      },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
          { type: 'text', text: 'One moment.' },
          { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Paris' } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'sunny' }], is_error: false },
          { type: 'text', text: 'Go on' },
        ],
      },
    ],
    tools: [{ name: 'weather', description: 'd', input_schema: SCHEMA, strict: false }],
    tool_choice: { type: 'tool', name: 'weather', disable_parallel_tool_use: false },
    thinking: { type: 'enabled', budget_tokens: 1_024, display: 'omitted' },
    output_config: { effort: 'low', format: { type: 'json_schema', schema: SCHEMA } },
  };
}

function messagesBody(model: string): { [member: string]: unknown } {
  return {
    ...countedBody(model),
    ...{ max_tokens: 2_000, temperature: 0.5, top_p: 0.9, top_k: 5, stop_sequences: ['x'], stream: false },
    ...{ metadata: { user_id: 'u' }, service_tier: 'auto' },
  };
}

function generateBody(): { [member: string]: unknown } {
  return {
    systemInstruction: { parts: [{ text: 'Be brief.' }] },
    contents: [
      { role: 'user', parts: [{ text: 'Hello' }, { inlineData: { mimeType: 'image/png', data: PNG } }] },
      {
        role: 'model',
        parts: [
          { text: 'Hm.', thought: true },
          { functionCall: { id: 'c1', name: 'weather', args: { city: 'Paris' } }, thoughtSignature: 'c2ln' },
        ],
      },
      {
        role: 'user',
        parts: [{ functionResponse: { id: 'c1', name: 'weather', response: { output: 'sunny' } } }, { text: 'Go on' }],
      },
    ],
    tools: [{ functionDeclarations: [{ name: 'weather', description: 'd', parametersJsonSchema: SCHEMA }] }],
    toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['weather'] } },
    generationConfig: {
      ...{ maxOutputTokens: 100, temperature: 0.5, topP: 0.9, topK: 4, stopSequences: ['x'], candidateCount: 1 },
      ...{ responseMimeType: 'application/json', responseJsonSchema: SCHEMA },
      thinkingConfig: { includeThoughts: true, thinkingBudget: 100 },
    },
    safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
  };
}

const embedContent = (text: string) => ({ content: { parts: [{ text }] }, outputDimensionality: 8 });

const openai = (
  name: string,
  kind: ModelEndpoint['kind'],
  path: string,
  body: ModelEndpoint['body'],
): ModelEndpoint => ({ ...{ name, errors: 'openai', kind, body }, path: () => path });

const gemini = (kind: ModelEndpoint['kind'], method: string, body: ModelEndpoint['body']): ModelEndpoint => ({
  ...{ name: method, errors: 'gemini', kind, body },
  path: (model) => `/v1beta/models/${model}:${method}`,
});

export const MODEL_ENDPOINTS: readonly ModelEndpoint[] = [
  openai('chat', 'chat', '/v1/chat/completions', chatBody),
  openai('responses', 'chat', '/v1/responses', responsesBody),
  { name: 'messages', errors: 'anthropic', kind: 'chat', path: () => '/v1/messages', body: messagesBody },
  {
    name: 'count_tokens',
    errors: 'anthropic',
    kind: 'count',
    path: () => '/v1/messages/count_tokens',
    body: countedBody,
  },
  gemini('chat', 'generateContent', generateBody),
  gemini('chat', 'streamGenerateContent', generateBody),
  gemini('count', 'countTokens', () => ({ generateContentRequest: generateBody() })),
  openai('embeddings', 'embed', '/v1/embeddings', (model) => ({
    ...{ model, input: ['a', 'b'], dimensions: 8, encoding_format: 'float', user: 'u' },
  })),
  gemini('embed', 'embedContent', () => ({ ...embedContent('a'), taskType: 'RETRIEVAL_QUERY', title: 't' })),
  gemini('embed', 'batchEmbedContents', () => ({ requests: [embedContent('a'), embedContent('b')] })),
  openai('speech', 'pass', '/v1/audio/speech', (model) => ({ model, input: 'Hello', voice: 'alloy' })),
  openai('images', 'pass', '/v1/images/generations', (model) => ({ model, prompt: 'A door', n: 1 })),
  openai('moderations', 'pass', '/v1/moderations', (model) => ({ model, input: 'Hello' })),
  openai('rerank', 'pass', '/v1/rerank', (model) => ({ model, query: 'q', documents: ['a', 'b'] })),
  openai('completions', 'pass', '/v1/completions', (model) => ({ model, prompt: 'Once' })),
];

export interface ToldError {
  readonly message: string;
  /** Ours, as docs/reference/errors.md has it. */
  readonly code: string;
  /** OpenAI's `param`; undefined elsewhere. */
  readonly param: string | undefined;
}

const text = (value: unknown): string => {
  assert.equal(typeof value, 'string', `a text, not ${JSON.stringify(value)}`);
  return value as string;
};

/** Strict: fails where the body is no error of this dialect under this status, as its SDKs look for it. */
export function readModelError(errors: ModelEndpoint['errors'], status: number, body: string): ToldError {
  const value = JSON.parse(body) as { readonly [member: string]: unknown };
  const error = value.error as { readonly [member: string]: unknown };
  assert.ok(typeof error === 'object' && error !== null, body);
  const message = text(error.message);
  switch (errors) {
    case 'openai': {
      assert.deepEqual(Object.keys(value), ['error']);
      text(error.type);
      text(error.code);
      text(error.request_id);
      const param = error.param === null ? undefined : text(error.param);
      return { message, code: text(error.gateway_code), param };
    }
    case 'anthropic': {
      assert.equal(value.type, 'error');
      text(error.type);
      text(value.request_id);
      const details = error.details as { readonly error_code?: unknown };
      return { message, code: text(details.error_code), param: undefined };
    }
    case 'gemini': {
      assert.equal(error.code, status);
      assert.match(text(error.status), /^[A-Z_]+$/);
      const [info] = error.details as { readonly '@type': string; readonly reason: string }[];
      assert.equal(info?.['@type'], 'type.googleapis.com/google.rpc.ErrorInfo');
      assert.match(info.reason, /^[A-Z_]+$/);
      return { message, code: info.reason.toLowerCase(), param: undefined };
    }
  }
}
