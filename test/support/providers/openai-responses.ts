/**
 * A pretended OpenAI that speaks Responses: `POST …/responses`, whole and streamed, by script (see `fake/script.ts`). It writes
 * the wire itself, from nothing of ours, so that what it sends is a second opinion.
 */

import { createHash } from 'node:crypto';
import { cutText, readScript, type Script, usageOf } from '../../../src/upstreams/models/fake/script.ts';
import { type MockProvider, type MockReply, type MockRequest, startMockProvider } from './mock-provider.ts';

type Json = { readonly [member: string]: unknown };

const asJson = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const asArray = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The error object as OpenAI writes it. */
export function renderResponsesFailure(status: number): string {
  const [type, code] =
    status === 429
      ? ['requests', 'rate_limit_exceeded']
      : status >= 500
        ? ['server_error', 'server_error']
        : ['invalid_request_error', null];
  return JSON.stringify({ error: { message: `Pretended failure ${status}`, type, param: null, code } });
}

/** A hook: answers what is for Responses, undefined for all else. */
export function answerResponses(request: MockRequest): MockReply | undefined {
  const path = request.path.split('?')[0] ?? '';
  if (request.method !== 'POST' || !path.endsWith('/responses')) return undefined;
  const body = asJson(request.json);
  const fault = findFault(body, request);
  if (fault !== undefined) return fault;
  const { prompt, media, results } = readInput(body.input);
  const script = readScript(prompt, { media, toolResults: results });
  const answer = createAnswer(body, script, prompt, request);
  if (body.stream !== true) return { status: 200, body: JSON.stringify(answer.whole), script };
  const headers = { 'content-type': 'text/event-stream; charset=utf-8' };
  return { status: 200, headers, body: answer.events, script };
}

/** A server of its own, for tests that need nothing but Responses. */
export function startResponsesMock(): Promise<MockProvider> {
  const lost = { error: { message: 'Unknown request URL', type: 'invalid_request_error', param: null, code: null } };
  return startMockProvider({
    answer: (request) => answerResponses(request) ?? { status: 404, body: JSON.stringify(lost) },
    renderFailure: renderResponsesFailure,
  });
}

function refuseRequest(message: string, param: string, code: string | null = null, status = 400): MockReply {
  return { status, body: JSON.stringify({ error: { message, type: 'invalid_request_error', param, code } }) };
}

const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** What the real one refuses, as far as a gateway could get it wrong. */
function findFault(body: Json, { headers }: MockRequest): MockReply | undefined {
  // Azure takes its key in a header of its own.
  if (!/^Bearer .+/.test(headers.authorization ?? '') && headers['api-key'] === undefined)
    return refuseRequest('You did not provide an API key.', 'authorization', 'invalid_api_key', 401);
  if (typeof body.model !== 'string') return refuseRequest('you must provide a model parameter', 'model');
  if (body.model.includes('/'))
    return refuseRequest(`The model '${body.model}' does not exist`, 'model', 'model_not_found', 404);
  for (const member of ['messages', 'max_tokens', 'stop', 'n', 'response_format', 'seed'])
    if (Object.hasOwn(body, member))
      return refuseRequest(`Unknown parameter: '${member}'.`, member, 'unknown_parameter');
  const tools = asArray(body.tools).map(asJson);
  const named = tools.flatMap((tool) => (tool.type === 'namespace' ? asArray(tool.tools).map(asJson) : [tool]));
  for (const { type, name } of named)
    if ((type === 'function' || type === 'custom') && !NAME.test(String(name)))
      return refuseRequest(`Invalid 'tools[].name': ${String(name)}`, 'tools', 'invalid_value');
  return findLooseOutput(body);
}

/** A result must follow its call. */
function findLooseOutput(body: Json): MockReply | undefined {
  const called = new Set<unknown>();
  for (const item of asArray(body.input).map(asJson)) {
    if (item.type === 'function_call' || item.type === 'custom_tool_call') called.add(item.call_id);
    const isOutput = item.type === 'function_call_output' || item.type === 'custom_tool_call_output';
    if (isOutput && !called.has(item.call_id) && body.previous_response_id === undefined)
      return refuseRequest(
        `No tool call found for function call output with call_id ${String(item.call_id)}.`,
        'input',
      );
  }
  return undefined;
}

interface Heard {
  readonly prompt: string;
  readonly media: readonly string[];
  readonly results: readonly string[];
}

/** The last prompt of the user, what it showed, and the results of tools after it. */
function readInput(input: unknown): Heard {
  if (typeof input === 'string') return { prompt: input, media: [], results: [] };
  let prompt = '';
  let media: string[] = [];
  let results: string[] = [];
  for (const item of asArray(input).map(asJson)) {
    if (String(item.type).endsWith('_call_output')) results.push(textOf(item.output));
    if (item.role !== 'user') continue;
    prompt = textOf(item.content);
    media = asArray(item.content).map(asJson).flatMap(describeMedia);
    results = [];
  }
  return { prompt, media, results };
}

function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  return asArray(content)
    .map((part) => asJson(part).text ?? '')
    .join('');
}

function describeMedia({ type, image_url: url, file_data: data, input_audio: audio }: Json): readonly string[] {
  const ofUrl = (text: string): string => {
    const [, mediaType = 'url', base64] = /^data:([^;]+);base64,(.*)$/s.exec(text) ?? [];
    return base64 === undefined ? text : `${mediaType} ${Buffer.from(base64, 'base64').length} B`;
  };
  if (type === 'input_image') return [`image ${ofUrl(String(url))}`];
  if (type === 'input_file') return [`document ${ofUrl(String(data))}`];
  if (type === 'input_audio') return [`audio ${String(asJson(audio).format)}`];
  return [];
}

interface Answer {
  readonly whole: Json;
  readonly events: readonly string[];
}

function createAnswer(body: Json, script: Script, prompt: string, request: MockRequest): Answer {
  const digest = createHash('sha256').update(request.body).digest('hex').slice(0, 32);
  const usage = usageOf(script, prompt);
  const isCut = script.stop === 'max-tokens' || script.stop === 'content-filter';
  const status = isCut ? 'incomplete' : 'completed';
  const reason = script.stop === 'max-tokens' ? 'max_output_tokens' : 'content_filter';
  const head = {
    ...{ id: `resp_${digest}`, object: 'response', created_at: 1_790_000_000, background: false, error: null },
    ...{ instructions: body.instructions ?? null, max_output_tokens: body.max_output_tokens ?? null },
    ...{ metadata: body.metadata ?? {}, model: `${String(body.model)}-2026-11-01` },
    ...{
      parallel_tool_calls: body.parallel_tool_calls ?? true,
      previous_response_id: body.previous_response_id ?? null,
    },
    ...{
      reasoning: body.reasoning ?? { effort: null, summary: null },
      service_tier: 'default',
      store: body.store ?? true,
    },
    ...{ temperature: body.temperature ?? 1, text: body.text ?? { format: { type: 'text' }, verbosity: 'medium' } },
    ...{ tool_choice: body.tool_choice ?? 'auto', tools: body.tools ?? [], top_p: body.top_p ?? 1 },
    ...{ truncation: 'disabled', user: null },
  };
  const wireUsage = usage && {
    input_tokens: usage.input,
    input_tokens_details: { cached_tokens: usage.cached ?? 0 },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: usage.input + usage.output,
  };
  const items = createItems(body, script, digest);
  const whole = {
    ...head,
    ...{ status, incomplete_details: isCut ? { reason } : null, output: items, usage: wireUsage ?? null },
  };
  const begun = { ...head, status: 'in_progress', incomplete_details: null, output: [], usage: null };
  return { whole, events: writeEvents(begun, whole, items, script) };
}

function createItems(body: Json, script: Script, digest: string): readonly Json[] {
  const items: Json[] = [];
  const wantsSealed = asArray(body.include).includes('reasoning.encrypted_content');
  const tools = asArray(body.tools).map(asJson);
  for (const part of script.parts) {
    const id = `${digest.slice(0, 24)}${items.length}`;
    if (part.type === 'reasoning') {
      const sealed = wantsSealed ? { encrypted_content: `gAAAAAB${digest}${items.length}` } : {};
      items.push({
        id: `rs_${id}`,
        type: 'reasoning',
        summary: [{ type: 'summary_text', text: part.text }],
        ...sealed,
      });
    } else if (part.type === 'tool-call') {
      const group = tools.find((tool) => asArray(tool.tools).some((each) => asJson(each).name === part.name));
      const isCustom = [...tools, ...asArray(group?.tools).map(asJson)].some(
        ({ type, name }) => type === 'custom' && name === part.name,
      );
      const called = { call_id: `call_${id}`, name: part.name, ...(group && { namespace: group.name }) };
      items.push(
        isCustom
          ? { id: `ctc_${id}`, type: 'custom_tool_call', status: 'completed', ...called, input: part.arguments }
          : { id: `fc_${id}`, type: 'function_call', status: 'completed', ...called, arguments: part.arguments },
      );
    } else {
      const content =
        part.type === 'refusal'
          ? { type: 'refusal', refusal: part.text }
          : { type: 'output_text', annotations: [], logprobs: [], text: part.text };
      items.push({ id: `msg_${id}`, type: 'message', status: 'completed', role: 'assistant', content: [content] });
    }
  }
  return items;
}

function writeEvents(begun: Json, whole: Json, items: readonly Json[], script: Script): readonly string[] {
  let sequence_number = 0;
  const events: string[] = [];
  const write = (type: string, members: Json): void => {
    events.push(
      `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence_number++, ...members })}\n\n`,
    );
  };
  write('response.created', { response: begun });
  write('response.in_progress', { response: begun });
  for (const [output_index, item] of items.entries()) writeItem(write, output_index, item, script);
  write(`response.${String(whole.status)}`, { response: whole });
  return events;
}

function writeItem(
  write: (type: string, members: Json) => void,
  output_index: number,
  item: Json,
  script: Script,
): void {
  const item_id = item.id;
  const place = { item_id, output_index };
  const add = (type: string, text: string, members: Json): void => {
    for (const delta of cutText(text, script.chunks)) write(type, { ...place, ...members, delta });
  };
  switch (item.type) {
    case 'message': {
      const [part = {}] = asArray(item.content).map(asJson);
      const at = { content_index: 0 };
      write('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', content: [] } });
      const isText = part.type === 'output_text';
      const empty = isText ? { ...part, text: '' } : { ...part, refusal: '' };
      write('response.content_part.added', { ...place, ...at, part: empty });
      if (isText) {
        add('response.output_text.delta', String(part.text), { ...at, logprobs: [] });
        write('response.output_text.done', { ...place, ...at, text: part.text, logprobs: [] });
      } else {
        add('response.refusal.delta', String(part.refusal), at);
        write('response.refusal.done', { ...place, ...at, refusal: part.refusal });
      }
      write('response.content_part.done', { ...place, ...at, part });
      break;
    }
    case 'reasoning': {
      const [part = {}] = asArray(item.summary).map(asJson);
      const at = { summary_index: 0 };
      write('response.output_item.added', { output_index, item: { ...item, summary: [] } });
      write('response.reasoning_summary_part.added', { ...place, ...at, part: { type: 'summary_text', text: '' } });
      add('response.reasoning_summary_text.delta', String(part.text), at);
      write('response.reasoning_summary_text.done', { ...place, ...at, text: part.text });
      write('response.reasoning_summary_part.done', { ...place, ...at, part });
      break;
    }
    default: {
      const member = item.type === 'custom_tool_call' ? 'input' : 'arguments';
      const event = member === 'input' ? 'custom_tool_call_input' : 'function_call_arguments';
      write('response.output_item.added', { output_index, item: { ...item, status: 'in_progress', [member]: '' } });
      add(`response.${event}.delta`, String(item[member]), {});
      write(`response.${event}.done`, { ...place, [member]: item[member] });
    }
  }
  write('response.output_item.done', { output_index, item });
}
