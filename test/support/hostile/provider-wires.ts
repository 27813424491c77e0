/** The wires of providers, each with an ordinary answer as a value, for hostile variations of it; nothing is scripted here. */

import { isObject } from '../../../src/lib/is-object.ts';
import { encodeTextFrame } from '../providers/converse-frames.ts';
import { writeJson } from './mutate-json.ts';
import type { ClientDialect } from './read-model-answer.ts';

export interface ProviderWire {
  readonly id: string;
  /** What names of its models begin with. */
  readonly modelPrefix: string;
  /** Its entry under `providers`. */
  config(origin: string, key: string): object;
  /** Client dialect whose requests are forwarded to it as they came. */
  readonly speaks: ClientDialect | undefined;
  /** Client dialects that reach this wire. */
  readonly clients: readonly ClientDialect[];
  readonly whole: object;
  readonly events: readonly object[];
  readonly streamType: string;
  /** One event as bytes, whatever it is. */
  frame(event: unknown): Buffer;
  /** What follows the last event. */
  readonly tail: string;
  /** How it says in the middle of a stream that it failed. */
  readonly errorEvent: object;
}

const CLIENTS: readonly ClientDialect[] = ['chat', 'responses', 'messages', 'generateContent'];

const TEXT = 'Hello there';
const ARGUMENTS = '{"city":"Paris"}';

const data = (event: unknown): Buffer => Buffer.from(`data: ${writeJson(event)}\n\n`);
const named = (event: unknown): Buffer => {
  const { type } = isObject(event) ? event : {};
  return Buffer.concat([Buffer.from(typeof type === 'string' ? `event: ${type}\n` : ''), data(event)]);
};

const ONCE = { maxRetries: 0, circuitBreaker: { failures: 1_000 } };

const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
const chunk = (delta: object, finish: string | null = null, more: object = {}): object => ({
  ...{ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_790_000_000, model: 'm' },
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
  ...more,
});
const call = (text: string) => ({ id: 'call_1', type: 'function', function: { name: 'weather', arguments: text } });

const openaiChat = {
  whole: {
    ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1_790_000_000, model: 'm' },
    choices: [
      {
        index: 0,
        message: {
          ...{ role: 'assistant', content: TEXT, reasoning_content: 'Hm.', refusal: null },
          tool_calls: [call(ARGUMENTS)],
        },
        ...{ logprobs: null, finish_reason: 'tool_calls' },
      },
    ],
    usage,
  },
  events: [
    chunk({ role: 'assistant', content: '', refusal: null }),
    chunk({ reasoning_content: 'Hm.' }),
    chunk({ content: 'Hello ' }),
    chunk({ content: 'there' }),
    chunk({ tool_calls: [{ index: 0, ...call('') }] }),
    chunk({ tool_calls: [{ index: 0, function: { arguments: ARGUMENTS } }] }),
    chunk({}, 'tool_calls'),
    { ...chunk({}), choices: [], usage },
  ],
  ...{ streamType: 'text/event-stream', frame: data, tail: 'data: [DONE]\n\n' },
  errorEvent: { error: { message: 'It broke.', type: 'server_error', param: null, code: null } },
};

const items = [
  { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm.' }] },
  {
    ...{ id: 'msg_1', type: 'message', status: 'completed', role: 'assistant' },
    content: [{ type: 'output_text', text: TEXT, annotations: [] }],
  },
  { id: 'fc_1', type: 'function_call', status: 'completed', call_id: 'call_1', name: 'weather', arguments: ARGUMENTS },
];
const response = (status: string, output: readonly object[], more: object = {}): object => ({
  ...{ id: 'resp_1', object: 'response', created_at: 1_790_000_000, status, model: 'm', output },
  ...{ error: null, incomplete_details: null, metadata: {}, usage: null, ...more },
});
const responseUsage = {
  ...{ input_tokens: 11, input_tokens_details: { cached_tokens: 0 } },
  ...{ output_tokens: 7, output_tokens_details: { reasoning_tokens: 2 }, total_tokens: 18 },
};
const inMessage = { item_id: 'msg_1', output_index: 1, content_index: 0 };
const responsesEvents = [
  { type: 'response.created', response: response('in_progress', []) },
  { type: 'response.output_item.added', output_index: 0, item: { ...items[0], summary: [] } },
  ...[
    { type: 'response.reasoning_summary_part.added', part: { type: 'summary_text', text: '' } },
    { type: 'response.reasoning_summary_text.delta', delta: 'Hm.' },
  ].map((event) => ({ ...event, item_id: 'rs_1', output_index: 0, summary_index: 0 })),
  { type: 'response.output_item.done', output_index: 0, item: items[0] },
  { type: 'response.output_item.added', output_index: 1, item: { ...items[1], content: [] } },
  { type: 'response.content_part.added', ...inMessage, part: { type: 'output_text', text: '', annotations: [] } },
  { type: 'response.output_text.delta', ...inMessage, delta: 'Hello ' },
  { type: 'response.output_text.delta', ...inMessage, delta: 'there' },
  { type: 'response.output_text.done', ...inMessage, text: TEXT },
  { type: 'response.content_part.done', ...inMessage, part: { type: 'output_text', text: TEXT, annotations: [] } },
  { type: 'response.output_item.done', output_index: 1, item: items[1] },
  { type: 'response.output_item.added', output_index: 2, item: { ...items[2], arguments: '' } },
  { type: 'response.function_call_arguments.delta', item_id: 'fc_1', output_index: 2, delta: ARGUMENTS },
  { type: 'response.function_call_arguments.done', item_id: 'fc_1', output_index: 2, arguments: ARGUMENTS },
  { type: 'response.output_item.done', output_index: 2, item: items[2] },
  { type: 'response.completed', response: response('completed', items, { usage: responseUsage }) },
].map((event, sequence_number) => ({ ...event, sequence_number }));

const blocks = [
  { type: 'thinking', thinking: 'Hm.', signature: 'c2ln' },
  { type: 'text', text: TEXT },
  { type: 'tool_use', id: 'toolu_1', name: 'weather', input: { city: 'Paris' } },
];
const message = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_sequence: null };
const anthropic = {
  whole: { ...message, content: blocks, stop_reason: 'tool_use', usage: { input_tokens: 11, output_tokens: 7 } },
  events: [
    {
      type: 'message_start',
      message: { ...message, content: [], stop_reason: null, usage: { input_tokens: 11, output_tokens: 1 } },
    },
    { type: 'content_block_start', index: 0, content_block: { type: 'thinking', thinking: '', signature: '' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'thinking_delta', thinking: 'Hm.' } },
    { type: 'content_block_delta', index: 0, delta: { type: 'signature_delta', signature: 'c2ln' } },
    { type: 'content_block_stop', index: 0 },
    { type: 'content_block_start', index: 1, content_block: { type: 'text', text: '' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'Hello ' } },
    { type: 'content_block_delta', index: 1, delta: { type: 'text_delta', text: 'there' } },
    { type: 'content_block_stop', index: 1 },
    { type: 'content_block_start', index: 2, content_block: { ...blocks[2], input: {} } },
    { type: 'content_block_delta', index: 2, delta: { type: 'input_json_delta', partial_json: ARGUMENTS } },
    { type: 'content_block_stop', index: 2 },
    { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage: { output_tokens: 7 } },
    { type: 'message_stop' },
  ],
  ...{ streamType: 'text/event-stream', frame: named, tail: '' },
  errorEvent: { type: 'error', error: { type: 'api_error', message: 'It broke.' } },
};

const geminiParts = [
  { text: 'Hm.', thought: true },
  { text: TEXT },
  { functionCall: { id: 'c1', name: 'weather', args: { city: 'Paris' } }, thoughtSignature: 'c2ln' },
];
const usageMetadata = {
  ...{ promptTokenCount: 11, candidatesTokenCount: 5, thoughtsTokenCount: 2, totalTokenCount: 18 },
};
const piece = (parts: readonly object[], more: object = {}, about: object = {}): object => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...about }],
  ...{ modelVersion: 'm', responseId: 'r1', ...more },
});
const gemini = {
  whole: piece(geminiParts, { usageMetadata }, { finishReason: 'STOP' }),
  events: [
    piece([{ text: 'Hm.', thought: true }]),
    piece([{ text: 'Hello ' }]),
    piece([{ text: 'there' }]),
    piece(geminiParts.slice(2)),
    piece([{ text: '' }], { usageMetadata }, { finishReason: 'STOP' }),
  ],
  ...{ streamType: 'text/event-stream', frame: data, tail: '' },
  errorEvent: { error: { code: 500, message: 'It broke.', status: 'INTERNAL' } },
};

const converse = [
  { reasoningContent: { reasoningText: { text: 'Hm.', signature: 'c2ln' } } },
  { text: TEXT },
  { toolUse: { toolUseId: 'tooluse_1', name: 'weather', input: { city: 'Paris' } } },
];
const bedrockUsage = { inputTokens: 11, outputTokens: 7, totalTokens: 18 };
const at = (contentBlockIndex: number, delta: object): object => ({ contentBlockDelta: { contentBlockIndex, delta } });
const stop = (contentBlockIndex: number): object => ({ contentBlockStop: { contentBlockIndex } });

const cohereCall = { id: 'w_1', type: 'function', function: { name: 'weather', arguments: ARGUMENTS } };
const cohereUsage = { billed_units: { input_tokens: 11, output_tokens: 7 }, tokens: { input_tokens: 90 } };
const cohereEvents = [
  { id: 'c1', type: 'message-start', delta: { message: { role: 'assistant', content: [] } } },
  { type: 'content-start', index: 0, delta: { message: { content: { type: 'thinking', thinking: '' } } } },
  { type: 'content-delta', index: 0, delta: { message: { content: { thinking: 'Hm.' } } } },
  { type: 'content-end', index: 0 },
  { type: 'content-start', index: 1, delta: { message: { content: { type: 'text', text: '' } } } },
  { type: 'content-delta', index: 1, delta: { message: { content: { text: 'Hello ' } } } },
  { type: 'content-delta', index: 1, delta: { message: { content: { text: 'there' } } } },
  { type: 'content-end', index: 1 },
  {
    ...{ type: 'tool-call-start', index: 0 },
    delta: { message: { tool_calls: { ...cohereCall, function: { name: 'weather', arguments: '' } } } },
  },
  { type: 'tool-call-delta', index: 0, delta: { message: { tool_calls: { function: { arguments: ARGUMENTS } } } } },
  { type: 'tool-call-end', index: 0 },
  { type: 'message-end', delta: { finish_reason: 'TOOL_CALL', usage: cohereUsage } },
];

export const PROVIDER_WIRES: readonly ProviderWire[] = [
  {
    // It has no Responses: all clients are answered on this wire.
    ...{ id: 'deepseek', modelPrefix: '', speaks: 'chat', clients: CLIENTS, ...openaiChat },
    config: (origin, apiKey) => ({ ...ONCE, baseUrl: `${origin}/v1`, apiKey }),
  },
  {
    ...{
      id: 'openai',
      modelPrefix: '',
      speaks: 'responses',
      clients: ['responses'],
      streamType: 'text/event-stream',
      tail: '',
      frame: named,
    },
    config: (origin, apiKey) => ({ ...ONCE, baseUrl: `${origin}/v1`, apiKey }),
    whole: response('completed', items, { usage: responseUsage }),
    events: responsesEvents,
    errorEvent: { type: 'error', code: 'server_error', message: 'It broke.', sequence_number: 9 },
  },
  {
    ...{ id: 'anthropic', modelPrefix: '', speaks: 'messages', clients: CLIENTS, ...anthropic },
    config: (baseUrl, apiKey) => ({ ...ONCE, baseUrl, apiKey }),
  },
  {
    ...{ id: 'gemini', modelPrefix: '', speaks: 'generateContent', clients: CLIENTS, ...gemini },
    config: (baseUrl, apiKey) => ({ ...ONCE, baseUrl, apiKey }),
  },
  {
    ...{ id: 'bedrock', modelPrefix: 'anthropic.', speaks: undefined, clients: CLIENTS, tail: '' },
    config: (baseUrl, apiKey) => ({ ...ONCE, baseUrl, apiKey, region: 'us-east-1' }),
    whole: {
      output: { message: { role: 'assistant', content: converse } },
      stopReason: 'tool_use',
      usage: bedrockUsage,
    },
    events: [
      { messageStart: { role: 'assistant' } },
      at(0, { reasoningContent: { text: 'Hm.' } }),
      at(0, { reasoningContent: { signature: 'c2ln' } }),
      stop(0),
      at(1, { text: 'Hello ' }),
      at(1, { text: 'there' }),
      stop(1),
      { contentBlockStart: { contentBlockIndex: 2, start: { toolUse: { toolUseId: 'tooluse_1', name: 'weather' } } } },
      at(2, { toolUse: { input: ARGUMENTS } }),
      stop(2),
      { messageStop: { stopReason: 'tool_use' } },
      { metadata: { usage: bedrockUsage, metrics: { latencyMs: 5 } } },
    ],
    streamType: 'application/vnd.amazon.eventstream',
    frame: (event) => {
      const [name, body] = (isObject(event) && Object.entries(event)[0]) || ['', event];
      return encodeTextFrame(name, writeJson(body) ?? 'null');
    },
    errorEvent: { internalServerException: { message: 'It broke.' } },
  },
  {
    ...{
      id: 'cohere',
      modelPrefix: '',
      speaks: undefined,
      clients: CLIENTS,
      streamType: 'text/event-stream',
      frame: named,
      tail: '',
    },
    config: (baseUrl, apiKey) => ({ ...ONCE, baseUrl, apiKey }),
    whole: {
      ...{ id: 'c1', finish_reason: 'TOOL_CALL', usage: cohereUsage },
      message: {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.' },
          { type: 'text', text: TEXT },
        ],
        tool_calls: [cohereCall],
      },
    },
    events: cohereEvents,
    errorEvent: { type: 'message-end', delta: { finish_reason: 'ERROR' } },
  },
];

/** The ordinary stream of a wire, in pieces. */
export function streamOf(wire: ProviderWire, events: readonly object[] = wire.events): readonly Buffer[] {
  return [...events.map((event) => wire.frame(event)), ...(wire.tail === '' ? [] : [Buffer.from(wire.tail)])];
}
