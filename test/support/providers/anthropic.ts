/** A pretended Anthropic: Messages (whole and streamed), token counts, models and errors, as its API writes them. */

import {
  cutText,
  readScript,
  type Script,
  type ScriptPart,
  usageOf,
} from '../../../src/upstreams/models/fake/script.ts';
import { type MockProvider, type MockReply, type MockRequest, startMockProvider } from './mock-provider.ts';

interface Block {
  readonly type: string;
  readonly text?: string;
  readonly content?: string | readonly Block[];
  readonly source?: {
    readonly type: string;
    readonly media_type?: string;
    readonly data?: string;
    readonly url?: string;
  };
}
interface Turn {
  readonly role: string;
  readonly content: string | readonly Block[];
}
interface Body {
  readonly model: string;
  readonly max_tokens?: number;
  readonly messages?: readonly Turn[];
  readonly stream?: boolean;
}

export interface AnthropicMockOptions {
  /** Written over each message that it answers with; for what scripts cannot say. */
  readonly content?: readonly object[];
}

export function startAnthropicMock(options: AnthropicMockOptions = {}): Promise<MockProvider> {
  let count = 0;
  return startMockProvider({
    renderFailure: (status) => errorBody(status, 'It was told to fail'),
    answer(request) {
      const path = request.path.split('?')[0] ?? '';
      const refusal = refuse(request);
      if (refusal !== undefined) return refusal;
      if (path.endsWith('/v1/models')) return json(200, MODELS);
      const body = request.json as Body;
      const { prompt, script } = scriptOf(body);
      const id = `msg_mock${String(++count).padStart(4, '0')}`;
      if (path.endsWith('/v1/messages/count_tokens'))
        return { ...json(200, { input_tokens: Math.ceil(JSON.stringify(body.messages ?? []).length / 4) }), script };
      if (body.max_tokens === undefined) return json(400, errorBody(400, 'max_tokens: Field required'));
      if (body.model.includes('unknown')) return json(404, errorBody(404, `model: ${body.model}`));
      const message = { ...renderMessage(id, body.model, prompt, script), ...pick(options) };
      if (body.stream !== true) return { ...json(200, message), script };
      return {
        status: 200,
        headers: { 'content-type': 'text/event-stream; charset=utf-8' },
        body: renderStream(message, script),
        script,
      };
    },
  });
}

const pick = ({ content }: AnthropicMockOptions): { content?: readonly object[] } =>
  content === undefined ? {} : { content };

function json(status: number, body: object | string): MockReply {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, headers: { 'content-type': 'application/json', 'request-id': 'req_mock' }, body: text };
}

const TYPES: { readonly [status: number]: string } = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
};

function errorBody(status: number, message: string): string {
  const error = { type: TYPES[status] ?? 'api_error', message };
  return JSON.stringify({ type: 'error', error, request_id: 'req_mock' });
}

function refuse({ method, path, headers, json: body }: MockRequest): MockReply | undefined {
  if (headers['x-api-key'] === undefined && headers.authorization === undefined)
    return json(401, errorBody(401, 'x-api-key header is required'));
  if (headers['x-api-key'] === 'wrong-provider-key')
    return json(401, errorBody(401, 'invalid x-api-key: wrong-provider-key'));
  if (headers['anthropic-version'] === undefined)
    return json(400, errorBody(400, 'anthropic-version: header is required'));
  const isKnown = /\/v1\/(messages(\/count_tokens)?|models)(\?|$)/.test(path);
  if (!isKnown) return json(404, errorBody(404, 'Not found'));
  if (method === 'POST' && (typeof body !== 'object' || body === null))
    return json(400, errorBody(400, 'The request body is not valid JSON'));
  return undefined;
}

function blocksOf(content: string | readonly Block[] | undefined): readonly Block[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : (content ?? []);
}

const textsOf = (blocks: readonly Block[]): string =>
  blocks
    .filter(({ type }) => type === 'text')
    .map(({ text }) => text ?? '')
    .join('\n');

/** The prompt is what the user said last; what tools said after it comes before it. */
function scriptOf({ messages = [] }: Body): { readonly prompt: string; readonly script: Script } {
  const said = messages.map(({ role, content }) => (role === 'user' ? textsOf(blocksOf(content)) : ''));
  const at = said.findLastIndex((text) => text !== '');
  const prompt = said[at] ?? '';
  const after = messages.slice(Math.max(at, 0)).flatMap(({ content }) => blocksOf(content));
  const toolResults = after
    .filter(({ type }) => type === 'tool_result')
    .map(({ content }) => textsOf(blocksOf(content)));
  const media = blocksOf(messages[at]?.content)
    .filter(({ type }) => type === 'image' || type === 'document')
    .map(({ type, source }) => {
      const { media_type, data, url } = source ?? {};
      return url ?? `${type} ${media_type} ${Buffer.from(data ?? '', 'base64').length} B`;
    });
  return { prompt, script: readScript(prompt, { media, toolResults }) };
}

const STOPS: { readonly [stop: string]: string } = {
  end: 'end_turn',
  'max-tokens': 'max_tokens',
  'tool-calls': 'tool_use',
  'stop-sequence': 'stop_sequence',
  'content-filter': 'refusal',
  refusal: 'refusal',
  pause: 'pause_turn',
};

interface WireMessage {
  readonly id: string;
  readonly content: readonly object[];
  readonly stop_reason: string;
  readonly stop_sequence: string | null;
  readonly usage: { readonly [name: string]: unknown };
}

function renderMessage(id: string, model: string, prompt: string, script: Script): WireMessage {
  const usage = usageOf(script, prompt) ?? { input: 0, output: 0, cached: undefined, reasoning: undefined };
  const rendered = {
    ...{ id, type: 'message', role: 'assistant', model, container: null, stop_details: null },
    content: script.parts.map((part, i) => renderBlock(part, `${id.slice(4)}_${i}`)),
    stop_reason: STOPS[script.stop] ?? 'end_turn',
    stop_sequence: script.stop === 'stop-sequence' ? 'STOP' : null,
    usage: {
      input_tokens: usage.input - (usage.cached ?? 0),
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: usage.cached ?? 0,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
      output_tokens: usage.output,
      output_tokens_details: usage.reasoning === undefined ? null : { thinking_tokens: usage.reasoning },
      ...{ server_tool_use: null, service_tier: 'standard', inference_geo: null, speed: null },
    },
  };
  return rendered;
}

function renderBlock(part: ScriptPart, id: string): object {
  switch (part.type) {
    case 'reasoning':
      return { type: 'thinking', thinking: part.text, signature: `sig-${id}` };
    case 'tool-call':
      return { type: 'tool_use', id: `toolu_${id}`, name: part.name, input: JSON.parse(part.arguments) };
    default:
      return { type: 'text', text: part.text, citations: null };
  }
}

const event = (data: { readonly type: string; readonly [name: string]: unknown }): string =>
  `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`;

/** One piece for each event, as the API sends them. */
export function renderStream(message: WireMessage, { chunks }: Pick<Script, 'chunks'>): readonly string[] {
  const { content, stop_reason, stop_sequence, usage, ...head } = message;
  const { output_tokens, output_tokens_details, ...input } = usage;
  const start = { ...head, content: [], stop_reason: null, stop_sequence: null, usage: { ...input, output_tokens: 1 } };
  const pieces = [event({ type: 'message_start', message: start }), event({ type: 'ping' })];
  for (const [index, block] of content.entries()) {
    const { begin, deltas } = takeApart(block as { type: string }, chunks);
    pieces.push(event({ type: 'content_block_start', index, content_block: begin }));
    for (const delta of deltas) pieces.push(event({ type: 'content_block_delta', index, delta }));
    pieces.push(event({ type: 'content_block_stop', index }));
  }
  const delta = { stop_reason, stop_sequence, stop_details: null, container: null };
  pieces.push(event({ type: 'message_delta', delta, usage: { ...input, output_tokens, output_tokens_details } }));
  pieces.push(event({ type: 'message_stop' }));
  return pieces;
}

function takeApart(
  block: { readonly type: string; readonly [name: string]: unknown },
  chunks: number,
): { readonly begin: object; readonly deltas: readonly object[] } {
  switch (block.type) {
    case 'text':
      return {
        begin: { ...block, text: '' },
        deltas: cutText(String(block.text), chunks).map((text) => ({ type: 'text_delta', text })),
      };
    case 'thinking':
      return {
        begin: { ...block, thinking: '', signature: '' },
        deltas: [
          ...cutText(String(block.thinking), chunks).map((thinking) => ({ type: 'thinking_delta', thinking })),
          { type: 'signature_delta', signature: block.signature },
        ],
      };
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return {
        begin: { ...block, input: {} },
        deltas: ['', ...cutText(JSON.stringify(block.input), chunks)].map((partial_json) => ({
          ...{ type: 'input_json_delta', partial_json },
        })),
      };
    default:
      return { begin: block, deltas: [] };
  }
}

const MODELS = {
  data: ['claude-opus-5', 'claude-haiku-4-5'].map((id) => ({
    ...{ type: 'model', id, display_name: id, created_at: '2026-05-01T00:00:00Z' },
    ...{ max_input_tokens: 200_000, max_tokens: 64_000, capabilities: null, lifecycle: 'active' },
  })),
  ...{ has_more: false, first_id: 'claude-opus-5', last_id: 'claude-haiku-4-5' },
};
