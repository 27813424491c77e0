/** A pretended OpenAI: chat completions and models in its wire, by script; other surfaces are mounted by path. */

import {
  cutText,
  readScript,
  type Script,
  type ScriptPart,
  usageOf,
} from '../../../src/upstreams/models/fake/script.ts';
import { type MockProvider, type MockReply, type MockRequest, startMockProvider } from './mock-provider.ts';

/** Takes the requests of one surface; undefined: not mine. */
export type MockHook = (request: MockRequest) => MockReply | undefined;

export interface OpenAiMockOptions {
  /** Asked first, in order: Responses, embeddings, audio, … */
  readonly hooks?: readonly MockHook[];
  /** Names `GET /models` lists. */
  readonly models?: readonly string[];
}

export function startOpenAiMock({
  hooks = [],
  models = ['gpt-5.2', 'gpt-5.2-mini'],
}: OpenAiMockOptions = {}): Promise<MockProvider> {
  const all: readonly MockHook[] = [...hooks, answerChat, (request) => listModels(request, models)];
  return startMockProvider({
    answer(request) {
      for (const hook of all) {
        const reply = hook(request);
        if (reply !== undefined) return reply;
      }
      return { status: 404, body: openAiError(404, `Invalid URL (${request.method} ${request.path})`) };
    },
    renderFailure: (status) => openAiError(status),
  });
}

const ERROR_WORDS: { readonly [status: number]: readonly [type: string, code: string | null, message: string] } = {
  400: ['invalid_request_error', null, 'The request is not valid.'],
  401: ['invalid_request_error', 'invalid_api_key', 'Incorrect API key provided.'],
  403: ['invalid_request_error', 'unsupported_country_region_territory', 'Not allowed here.'],
  404: ['invalid_request_error', 'model_not_found', 'The model does not exist or you do not have access to it.'],
  413: ['invalid_request_error', 'context_length_exceeded', "This model's maximum context length is 8 tokens."],
  429: ['requests', 'rate_limit_exceeded', 'Rate limit reached for requests per min.'],
  500: ['server_error', null, 'The server had an error while processing your request.'],
  503: ['server_error', null, 'That model is currently overloaded with other requests.'],
};

/** Body of an error as OpenAI writes it. */
export function openAiError(status: number, message?: string, code?: string | null): string {
  const [type, itsCode, words] = ERROR_WORDS[status] ?? ['server_error', null, `Failed with ${status}.`];
  const error = { message: message ?? words, type, param: null, code: code === undefined ? itsCode : code };
  return JSON.stringify({ error }, null, 2);
}

interface ChatBody {
  readonly model?: string;
  readonly stream?: boolean;
  readonly stream_options?: { readonly include_usage?: boolean };
  readonly n?: number;
  readonly messages?: readonly { readonly role: string; readonly content?: unknown }[];
}

const CREATED = 1_790_000_000;

/** `POST …/chat/completions`, whatever stands before it. */
const answerChat: MockHook = (request) => {
  const path = request.path.split('?')[0] ?? '';
  if (request.method !== 'POST' || !path.endsWith('/chat/completions')) return undefined;
  const body = request.json as ChatBody | undefined;
  if (!Array.isArray(body?.messages)) return { status: 400, body: openAiError(400) };
  const { prompt, media, toolResults } = readMessages(body.messages);
  const script = readScript(prompt, { media, toolResults });
  const model = body.model ?? 'gpt-5.2';
  if (body.stream === true) {
    const headers = { 'content-type': 'text/event-stream; charset=utf-8' };
    return { status: 200, headers, body: streamOf(script, prompt, model, body), script };
  }
  return { status: 200, body: JSON.stringify(answerOf(script, prompt, model, body.n ?? 1), null, 2), script };
};

/** The last thing the user said, what came with it, and what tools said since. */
export function readMessages(messages: NonNullable<ChatBody['messages']>): {
  readonly prompt: string;
  readonly media: readonly string[];
  readonly toolResults: readonly string[];
} {
  const last = messages.findLastIndex(({ role }) => role === 'user');
  const content = messages[last]?.content;
  const parts: readonly { readonly [member: string]: unknown }[] = Array.isArray(content) ? content : [];
  const text = parts.flatMap((part) => (part.type === 'text' ? [String(part.text)] : [])).join('');
  return {
    prompt: typeof content === 'string' ? content : text,
    media: parts.flatMap((part) => (part.type === 'text' ? [] : [describeMedia(part)])),
    toolResults: messages
      .slice(last + 1)
      .flatMap((message) => (message.role === 'tool' ? [textOf(message.content)] : [])),
  };
}

function textOf(content: unknown): string {
  if (!Array.isArray(content)) return String(content);
  return content.map((part: { readonly text?: string }) => part.text ?? '').join('');
}

function describeMedia(part: { readonly [member: string]: unknown }): string {
  const value = part[String(part.type)] as { readonly [member: string]: string } | undefined;
  const source = value?.url ?? value?.file_data ?? value?.data ?? value?.file_id ?? '';
  const [, type, data] = /^data:([^;]+);base64,(.*)$/s.exec(source) ?? [];
  const kind = String(part.type).replace('image_url', 'image');
  return data === undefined ? `${kind} ${source}` : `${kind} ${type} ${Buffer.from(data, 'base64').length} B`;
}

const FINISH: { readonly [stop: string]: string } = {
  ...{ end: 'stop', 'stop-sequence': 'stop', refusal: 'stop', pause: 'stop', 'max-tokens': 'length' },
  ...{ 'tool-calls': 'tool_calls', 'content-filter': 'content_filter' },
};

const head = (model: string, object: string) => ({ id: 'chatcmpl-Mock1', object, created: CREATED, model });

function usageFor(script: Script, prompt: string): object | undefined {
  const usage = usageOf(script, prompt);
  return (
    usage && {
      prompt_tokens: usage.input,
      completion_tokens: usage.output,
      total_tokens: usage.input + usage.output,
      prompt_tokens_details: { cached_tokens: usage.cached ?? 0, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: usage.reasoning ?? 0, audio_tokens: 0 },
    }
  );
}

function joined(parts: readonly ScriptPart[], type: 'text' | 'reasoning' | 'refusal'): string | undefined {
  const texts = parts.flatMap((part) => (part.type === type ? [part.text] : []));
  return texts.length === 0 ? undefined : texts.join('\n');
}

const callsOf = (script: Script) =>
  script.parts
    .flatMap((part) => (part.type === 'tool-call' ? [part] : []))
    .map((part, i) => ({ ...part, id: `call_Mock${i + 1}` }));

function answerOf(script: Script, prompt: string, model: string, choices: number): object {
  const reasoning = joined(script.parts, 'reasoning');
  const calls = callsOf(script).map(({ id, name, arguments: text }) => ({
    ...{ id, type: 'function', function: { name, arguments: text } },
  }));
  const message = {
    role: 'assistant',
    content: joined(script.parts, 'text') ?? null,
    ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    refusal: joined(script.parts, 'refusal') ?? null,
    annotations: [],
  };
  const usage = usageFor(script, prompt);
  return {
    ...head(model, 'chat.completion'),
    choices: Array.from({ length: choices }, (_, index) => ({
      ...{ index, message, logprobs: null, finish_reason: FINISH[script.stop] ?? 'stop' },
    })),
    ...(usage === undefined ? {} : { usage }),
    ...{ service_tier: 'default', system_fingerprint: 'fp_mock' },
  };
}

/** As OpenAI streams: role first, parallel calls in turns, the reason to stop in a chunk of its own, usage if it was asked for. */
function streamOf(script: Script, prompt: string, model: string, body: ChatBody): readonly string[] {
  const usage = body.stream_options?.include_usage === true ? usageFor(script, prompt) : undefined;
  const chunk = (choices: readonly object[], more: object = usage === undefined ? {} : { usage: null }): string =>
    `data: ${JSON.stringify({ ...head(model, 'chat.completion.chunk'), service_tier: 'default', system_fingerprint: 'fp_mock', choices, ...more })}\n\n`;
  const delta = (value: object, finish: string | null = null): string =>
    chunk([{ index: 0, delta: value, logprobs: null, finish_reason: finish }]);
  const out = [delta({ role: 'assistant', content: '', refusal: null })];
  for (const part of script.parts) {
    if (part.type === 'tool-call') continue;
    const member = part.type === 'text' ? 'content' : part.type === 'reasoning' ? 'reasoning_content' : 'refusal';
    for (const text of cutText(part.text, script.chunks)) out.push(delta({ [member]: text }));
  }
  const calls = callsOf(script).map((call) => ({ ...call, cuts: cutText(call.arguments, script.chunks) }));
  for (const [index, { id, name }] of calls.entries())
    out.push(delta({ tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }));
  for (let turn = 0; turn < Math.max(0, ...calls.map(({ cuts }) => cuts.length)); turn++)
    for (const [index, { cuts }] of calls.entries())
      if (cuts[turn] !== undefined) out.push(delta({ tool_calls: [{ index, function: { arguments: cuts[turn] } }] }));
  out.push(delta({}, FINISH[script.stop] ?? 'stop'));
  if (usage !== undefined) out.push(chunk([], { usage }));
  out.push('data: [DONE]\n\n');
  return out;
}

function listModels(request: MockRequest, models: readonly string[]): MockReply | undefined {
  const path = request.path.split('?')[0] ?? '';
  if (request.method !== 'GET' || !path.endsWith('/models')) return undefined;
  const data = models.map((id) => ({ id, object: 'model', created: CREATED, owned_by: 'mock' }));
  return { status: 200, body: JSON.stringify({ object: 'list', data }) };
}
