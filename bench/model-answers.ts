/** What the pretended models answer, made once, byte for byte in the form in which each vendor sends it. */

/** Stands in every whole answer, so that a right one is known in any dialect. */
export const ANSWER_TEXT = 'The answer is forty-two, as is well known by now.';
/** Ends every stream of chat completions. */
export const STREAM_END = 'data: [DONE]';

const CREATED = 1_790_000_000;
const MODEL = 'bench-1';
const TOKENS = { input: 25, output: 12 };

const OPENAI_USAGE = {
  prompt_tokens: TOKENS.input,
  completion_tokens: TOKENS.output,
  total_tokens: TOKENS.input + TOKENS.output,
  prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
};
const COMPLETION = {
  ...{ id: 'chatcmpl-bench', object: 'chat.completion', created: CREATED, model: MODEL },
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: ANSWER_TEXT, refusal: null, annotations: [] },
      ...{ logprobs: null, finish_reason: 'stop' },
    },
  ],
  ...{ usage: OPENAI_USAGE, service_tier: 'default', system_fingerprint: 'fp_bench' },
};

const MESSAGE = {
  ...{ model: MODEL, id: 'msg_bench', type: 'message', role: 'assistant' },
  content: [{ type: 'text', text: ANSWER_TEXT }],
  ...{ stop_reason: 'end_turn', stop_sequence: null },
  usage: {
    ...{ input_tokens: TOKENS.input, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
    ...{ output_tokens: TOKENS.output, service_tier: 'standard' },
  },
};

const RESPONSE = {
  ...{ id: 'resp_bench', object: 'response', created_at: CREATED, status: 'completed', background: false },
  ...{ error: null, incomplete_details: null, instructions: null, max_output_tokens: null, model: MODEL },
  output: [
    {
      ...{ id: 'msg_bench', type: 'message', status: 'completed' },
      content: [{ type: 'output_text', annotations: [], logprobs: [], text: ANSWER_TEXT }],
      role: 'assistant',
    },
  ],
  ...{ parallel_tool_calls: true, previous_response_id: null, store: false, temperature: 1 },
  ...{ text: { format: { type: 'text' } }, tool_choice: 'auto', tools: [], top_p: 1, truncation: 'disabled' },
  usage: {
    ...{ input_tokens: TOKENS.input, input_tokens_details: { cached_tokens: 0 } },
    ...{ output_tokens: TOKENS.output, output_tokens_details: { reasoning_tokens: 0 } },
    total_tokens: TOKENS.input + TOKENS.output,
  },
};

const GENERATED = {
  candidates: [{ content: { parts: [{ text: ANSWER_TEXT }], role: 'model' }, ...{ finishReason: 'STOP', index: 0 } }],
  usageMetadata: {
    ...{ promptTokenCount: TOKENS.input, candidatesTokenCount: TOKENS.output },
    totalTokenCount: TOKENS.input + TOKENS.output,
  },
  ...{ modelVersion: MODEL, responseId: 'bench' },
};

/** Whole answers by the end of the path. All vendors but Anthropic indent theirs. */
export const WHOLE_ANSWERS: readonly (readonly [pathEnd: string, body: string])[] = [
  ['/chat/completions', JSON.stringify(COMPLETION, null, 2)],
  ['/messages', JSON.stringify(MESSAGE)],
  ['/responses', JSON.stringify(RESPONSE, null, 2)],
  [':generateContent', JSON.stringify(GENERATED, null, 2)],
];

/** A chat completion that calls a tool of the bench's mock. */
export function suggestingAnswer(tool: string, id: string): string {
  const call = { id, type: 'function', function: { name: tool, arguments: '{"text":"what is known","count":3}' } };
  const message = { role: 'assistant', content: null, refusal: null, annotations: [], tool_calls: [call] };
  const choices = [{ index: 0, message, logprobs: null, finish_reason: 'tool_calls' }];
  return JSON.stringify({ ...COMPLETION, choices }, null, 2);
}

/** A stream of chat completions with so many pieces of text: one event each, and those that end it. */
export function streamEvents(pieces: number): string[] {
  const chunk = { id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: CREATED, model: MODEL };
  const fingerprint = { service_tier: 'default', system_fingerprint: 'fp_bench' };
  const event = (rest: object): string => `data: ${JSON.stringify({ ...chunk, ...fingerprint, ...rest })}\n\n`;
  const piece = (delta: object, finish: string | null): string =>
    event({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }], usage: null });
  return [
    piece({ role: 'assistant', content: '', refusal: null }, null),
    ...Array.from({ length: pieces }, (_, i) => piece({ content: ` word${i}` }, null)),
    piece({}, 'stop'),
    event({ choices: [], usage: OPENAI_USAGE }),
    `${STREAM_END}\n\n`,
  ];
}

/** The same as Messages, in Anthropic's events. */
export function messageEvents(pieces: number): string[] {
  const event = (type: string, rest: object): string =>
    `event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`;
  const message = { id: 'msg_bench', type: 'message', role: 'assistant', model: MODEL, content: [] };
  const open = { stop_reason: null, stop_sequence: null, usage: { input_tokens: TOKENS.input, output_tokens: 1 } };
  return [
    event('message_start', { message: { ...message, ...open } }),
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
    ...Array.from({ length: pieces }, (_, i) =>
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: ` word${i}` } }),
    ),
    event('content_block_stop', { index: 0 }),
    event('message_delta', {
      delta: { stop_reason: 'end_turn', stop_sequence: null },
      usage: { output_tokens: TOKENS.output },
    }),
    event('message_stop', {}),
  ];
}
