/** A pretended Cohere: v2 chat, whole and streamed, embeddings, rerank, models. */

import { isObject } from '../../../src/lib/is-object.ts';
import {
  cutText,
  readScript,
  type Script,
  type ScriptPart,
  usageOf,
} from '../../../src/upstreams/models/fake/script.ts';
import { type MockProvider, type MockReply, type MockRequest, startMockProvider } from './mock-provider.ts';

export const MOCK_COHERE_KEY = 'cohere-key-mock-0123456789';

type Body = { readonly [name: string]: unknown };

export function startCohereMock(): Promise<MockProvider> {
  return startMockProvider({
    answer: (request) =>
      request.headers.authorization === `Bearer ${MOCK_COHERE_KEY}`
        ? answer(request)
        : failure(401, 'invalid api token'),
    renderFailure: (status) => JSON.stringify({ id: 'mock', message: `mock failure ${status}` }),
  });
}

const failure = (status: number, message: string): MockReply => ({
  status,
  body: JSON.stringify({ id: 'mock', message }),
});

const reply = (body: object): MockReply => ({ status: 200, body: JSON.stringify(body) });

function answer({ method, path, json }: MockRequest): MockReply {
  const body = isObject(json) ? json : {};
  const { pathname, searchParams } = new URL(path, 'http://mock');
  switch (`${method} ${pathname}`) {
    case 'POST /v2/chat':
      return chat(body);
    case 'POST /v2/embed':
      return embed(body);
    case 'POST /v2/rerank':
      return rerank(body);
    case 'GET /v1/models':
      return searchParams.get('page_token') === 'two'
        ? reply({ models: [{ name: 'embed-v4.0', endpoints: ['embed'], context_length: 128_000 }] })
        : reply({ models: [{ name: 'command-a-03-2025', context_length: 288_000 }], next_page_token: 'two' });
    default:
      return failure(404, 'no such route');
  }
}

function list(value: unknown): readonly Body[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return list(content)
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .join('');
}

function describeImages(content: unknown): readonly string[] {
  return list(content).flatMap(({ image_url: image }) => {
    if (!isObject(image) || typeof image.url !== 'string') return [];
    const [, type, data] = /^data:([^;]+);base64,(.*)$/.exec(image.url) ?? [];
    return [data === undefined ? `image ${image.url}` : `image ${type} ${Buffer.from(data, 'base64').length} B`];
  });
}

/** What Cohere checks before any model sees the request. */
function findFault(body: Body): string | undefined {
  if (typeof body.model !== 'string') return 'invalid request: model is required';
  if (body.model.includes('missing')) return `model '${body.model}' not found`;
  if (list(body.messages).length === 0) return 'invalid request: messages must be at least 1 token long';
  const isNamed = (name: unknown): boolean => /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(String(name));
  if (list(body.tools).some((tool) => !isObject(tool.function) || !isNamed(tool.function.name)))
    return 'invalid request: tool names may hold letters, digits and underscores only';
  if (body.tool_choice !== undefined && !['REQUIRED', 'NONE'].includes(String(body.tool_choice)))
    return 'invalid request: tool_choice';
  return undefined;
}

function chat(body: Body): MockReply {
  const fault = findFault(body);
  if (fault !== undefined) return failure(fault.startsWith('model') ? 404 : 400, fault);
  const messages = list(body.messages);
  const at = messages.findLastIndex(({ role }) => role === 'user');
  const prompt = textOf(messages[at]?.content);
  const toolResults = messages.slice(at + 1).flatMap(({ role, content }) => (role === 'tool' ? [textOf(content)] : []));
  const documents = list(body.documents).map(({ data }) => `document ${JSON.stringify(data)}`);
  const script = readScript(prompt, { media: [...describeImages(messages[at]?.content), ...documents], toolResults });
  const said = script.parts[0]?.type === 'text' ? script.parts[0].text : '';
  // A failure in the words of the answer itself: `!say finish ERROR`.
  const finish = /^finish ([A-Z_]+)$/.exec(said)?.[1] ?? STOPS[script.stop];
  const usage = renderUsage(script, prompt);
  if (body.stream === true)
    return {
      status: 200,
      headers: { 'content-type': 'text/event-stream' },
      body: [...renderStream(script, finish, usage), 'data: [DONE]\n\n'],
      script,
    };
  return { ...reply({ id: 'chat-mock', finish_reason: finish, message: renderMessage(script), usage }), script };
}

const STOPS: { readonly [stop in Script['stop']]: string } = {
  end: 'COMPLETE',
  'tool-calls': 'TOOL_CALL',
  'max-tokens': 'MAX_TOKENS',
  'stop-sequence': 'STOP_SEQUENCE',
  'content-filter': 'ERROR_TOXIC',
  refusal: 'COMPLETE',
  pause: 'COMPLETE',
  'context-full': 'MAX_TOKENS',
  other: 'UNKNOWN',
};

/** Tokens are more than what is billed, as with Cohere itself. */
function renderUsage(script: Script, prompt: string): object | undefined {
  const usage = usageOf(script, prompt);
  if (usage === undefined) return undefined;
  const { input, output, cached } = usage;
  return {
    billed_units: { input_tokens: input, output_tokens: output },
    tokens: { input_tokens: input + 500, output_tokens: output },
    ...(cached === undefined ? {} : { cached_tokens: cached }),
  };
}

interface Sorted {
  readonly thoughts: readonly string[];
  readonly texts: readonly string[];
  readonly plan: string | undefined;
  readonly calls: readonly { readonly id: string; readonly type: 'function'; readonly function: object }[];
}

/** Words before calls are their plan. */
function sort(parts: readonly ScriptPart[]): Sorted {
  const texts = parts.flatMap((part) => (part.type === 'text' || part.type === 'refusal' ? [part.text] : []));
  const calls = parts.flatMap((part, i) =>
    part.type === 'tool-call'
      ? [{ id: `call_${i}`, type: 'function' as const, function: { name: part.name, arguments: part.arguments } }]
      : [],
  );
  const thoughts = parts.flatMap((part) => (part.type === 'reasoning' ? [part.text] : []));
  return calls.length > 0
    ? { thoughts, calls, texts: [], plan: texts.length === 0 ? undefined : texts.join('\n') }
    : { thoughts, calls, texts, plan: undefined };
}

function renderMessage({ parts }: Script): object {
  const { thoughts, texts, plan, calls } = sort(parts);
  const content = [
    ...thoughts.map((thinking) => ({ type: 'thinking', thinking })),
    ...texts.map((text) => ({ type: 'text', text })),
  ];
  return {
    role: 'assistant',
    ...(content.length === 0 ? {} : { content }),
    ...(plan === undefined ? {} : { tool_plan: plan }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

const event = (type: string, body: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...body })}\n\n`;

function renderStream({ parts, chunks }: Script, finish: string, usage: object | undefined): readonly string[] {
  const { thoughts, texts, plan, calls } = sort(parts);
  const events = [
    event('message-start', { id: 'chat-mock', delta: { message: { role: 'assistant', content: [], tool_plan: '' } } }),
  ];
  const contents = [
    ...thoughts.map((text) => ({ name: 'thinking', text })),
    ...texts.map((text) => ({ name: 'text', text })),
  ];
  for (const [index, { name, text }] of contents.entries()) {
    const content = (value: object): object => ({ index, delta: { message: { content: value } } });
    events.push(event('content-start', content({ type: name, [name]: '' })));
    for (const piece of cutText(text, chunks)) events.push(event('content-delta', content({ [name]: piece })));
    events.push(event('content-end', { index }));
  }
  for (const piece of cutText(plan ?? '', chunks))
    events.push(event('tool-plan-delta', { delta: { message: { tool_plan: piece } } }));
  for (const [index, call] of calls.entries()) {
    const { name, arguments: written } = call.function as { name: string; arguments: string };
    const tool_calls = { ...call, function: { name, arguments: '' } };
    events.push(event('tool-call-start', { index, delta: { message: { tool_calls } } }));
    for (const piece of cutText(written, chunks))
      events.push(
        event('tool-call-delta', { index, delta: { message: { tool_calls: { function: { arguments: piece } } } } }),
      );
    events.push(event('tool-call-end', { index }));
  }
  events.push(event('message-end', { delta: { finish_reason: finish, ...(usage === undefined ? {} : { usage }) } }));
  return events;
}

function embed({ texts, input_type: inputType, output_dimension: dimensions }: Body): MockReply {
  const given = Array.isArray(texts) ? texts.map(String) : [];
  if (given.length === 0 || given.length > 96) return failure(400, 'invalid request: texts must be 1 to 96');
  if (typeof inputType !== 'string') return failure(400, 'invalid request: input_type is required');
  // Vectors that tell their text: its length first.
  const length = typeof dimensions === 'number' ? dimensions : 4;
  const float = given.map((text) => Array.from({ length }, (_, i) => (i === 0 ? text.length : 0.25)));
  const input_tokens = given.reduce((sum, text) => sum + text.length, 0);
  const meta = { api_version: { version: '2' }, billed_units: { input_tokens } };
  return reply({ id: 'embed-mock', response_type: 'embeddings_by_type', embeddings: { float }, texts: given, meta });
}

function rerank({ model, query, documents, top_n: top }: Body): MockReply {
  if (typeof model !== 'string' || typeof query !== 'string' || !Array.isArray(documents))
    return failure(400, 'invalid request: model, query and documents are required');
  const results = documents
    .map((text, index) => ({ index, relevance_score: String(text).includes(query) ? 0.9 : 0.1 }))
    .sort((a, b) => b.relevance_score - a.relevance_score)
    .slice(0, typeof top === 'number' ? top : undefined);
  return reply({ id: 'rerank-mock', results, meta: { billed_units: { search_units: 1 } } });
}
