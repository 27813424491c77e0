/** Strict readers of answers to chats, one for each client dialect: what an SDK would trip over fails here. */

import assert from 'node:assert/strict';
import { isObject } from '../../../src/lib/is-object.ts';

type Wire = { readonly [member: string]: unknown };
export type ClientDialect = 'chat' | 'responses' | 'messages' | 'generateContent';

export interface ReadCall {
  readonly id: string;
  readonly name: string;
  /** Parsed. */
  readonly arguments: unknown;
}

/** What an answer says, in words that are the same for all dialects. */
export interface ReadAnswer {
  readonly text: string;
  readonly refusal: string;
  readonly reasoning: string;
  readonly calls: readonly ReadCall[];
  readonly stop: string;
  readonly usage: { readonly input: number; readonly output: number } | undefined;
  /** A stream that broke: our code. */
  readonly error: string | undefined;
}

type Draft = { -readonly [member in keyof ReadAnswer]: ReadAnswer[member] } & { calls: ReadCall[] };

const draft = (): Draft => ({
  ...{ text: '', refusal: '', reasoning: '', calls: [], stop: '', usage: undefined, error: undefined },
});

// Written only where it is wrong: answers may be large.
const wrong = (value: unknown, what: string): never => assert.fail(`${what}: ${JSON.stringify(value)}`);
const object = (value: unknown, what: string): Wire => {
  if (isObject(value)) return value;
  return wrong(value, what);
};
const list = (value: unknown, what: string): readonly unknown[] => {
  if (Array.isArray(value)) return value;
  return wrong(value, what);
};
const text = (value: unknown, what: string): string => {
  if (typeof value === 'string') return value;
  return wrong(value, what);
};
const word = (value: unknown, what: string): string => {
  assert.ok(text(value, what) !== '', `${what} is empty`);
  return value as string;
};
const count = (value: unknown, what: string): number => {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  return wrong(value, what);
};
const oneOf = (value: unknown, words: readonly unknown[], what: string): string => {
  assert.ok(words.includes(value), `${what}: ${JSON.stringify(value)}`);
  return String(value);
};
const parsed = (json: string, what: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    assert.fail(`${what} is no JSON: ${json.slice(0, 200)}`);
  }
};
/** What the model wrote, object or not: providers may break off in the middle of it. */
const argumentsOf = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
};

function unique(ids: readonly string[], what: string): void {
  assert.equal(new Set(ids).size, ids.length, `${what} stand twice: ${ids.join(', ')}`);
}

/** `name` and `data` of each event; fails for lines that are none of a stream of events. */
function eventsIn(stream: string): readonly { readonly name: string | undefined; readonly data: string }[] {
  const blocks = stream.replaceAll('\r\n', '\n').split('\n\n');
  assert.equal(blocks.pop(), '', 'an event at the end that is not closed');
  return blocks
    .filter((block) => block.replaceAll('\n', '') !== '')
    .map((block) => {
      let name: string | undefined;
      const data: string[] = [];
      for (const line of block.split('\n')) {
        if (line === '' || line.startsWith(':')) continue;
        if (line.startsWith('event: ')) name = line.slice('event: '.length);
        else if (line.startsWith('data: ')) data.push(line.slice('data: '.length));
        else assert.fail(`no line of an event: ${line.slice(0, 200)}`);
      }
      return { name, data: data.join('\n') };
    });
}

const ours = (error: Wire): string => word(error.gateway_code, 'error.gateway_code');

const FINISH = ['stop', 'length', 'tool_calls', 'content_filter', 'function_call'];

function readChatUsage(usage: Wire): NonNullable<ReadAnswer['usage']> {
  const input = count(usage.prompt_tokens, 'prompt_tokens');
  const output = count(usage.completion_tokens, 'completion_tokens');
  assert.equal(count(usage.total_tokens, 'total_tokens'), input + output);
  return { input, output };
}

function readChat(body: Wire): ReadAnswer {
  const out = draft();
  word(body.id, 'id');
  assert.equal(body.object, 'chat.completion');
  count(body.created, 'created');
  text(body.model, 'model');
  const choices = list(body.choices, 'choices').map((each) => object(each, 'choice'));
  assert.ok(choices.length > 0, 'no choices');
  for (const [i, choice] of choices.entries()) {
    assert.equal(choice.index, i);
    const message = object(choice.message, 'message');
    assert.equal(message.role, 'assistant');
    if (message.content !== null) text(message.content, 'content');
    if (message.refusal !== null) text(message.refusal, 'refusal');
    const stop = oneOf(choice.finish_reason, FINISH, 'finish_reason');
    const calls = message.tool_calls === undefined ? [] : list(message.tool_calls, 'tool_calls');
    assert.ok(message.tool_calls === undefined || calls.length > 0, 'an empty list of calls');
    const read = calls.map((each) => {
      const call = object(each, 'call');
      oneOf(call.type, ['function', 'custom'], 'type');
      const inner = object(call[String(call.type)], 'function');
      const written = text(inner.arguments ?? inner.input, 'arguments');
      return { id: word(call.id, 'call.id'), name: text(inner.name, 'name'), arguments: argumentsOf(written) };
    });
    unique(
      read.map(({ id }) => id),
      'ids of calls',
    );
    if (i > 0) continue;
    Object.assign(out, { stop, calls: read, text: message.content ?? '', refusal: message.refusal ?? '' });
    if (message.reasoning_content !== undefined) out.reasoning = text(message.reasoning_content, 'reasoning_content');
  }
  if (body.usage !== undefined) out.usage = readChatUsage(object(body.usage, 'usage'));
  return out;
}

function readChatStream(stream: string): ReadAnswer {
  const out = draft();
  const calls: { id: string; name: string; written: string }[] = [];
  const finished = new Set<number>();
  let id: string | undefined;
  let isDone = false;
  for (const { name, data } of eventsIn(stream)) {
    assert.equal(name, undefined);
    assert.ok(!isDone && out.error === undefined, 'something comes after the end');
    if (data === '[DONE]') {
      isDone = true;
      continue;
    }
    const chunk = object(parsed(data, 'a chunk'), 'chunk');
    if (chunk.error !== undefined) {
      out.error = ours(object(chunk.error, 'error'));
      continue;
    }
    assert.equal(chunk.object, 'chat.completion.chunk');
    id ??= word(chunk.id, 'id');
    assert.equal(chunk.id, id);
    count(chunk.created, 'created');
    text(chunk.model, 'model');
    if (chunk.usage !== undefined && chunk.usage !== null) out.usage = readChatUsage(object(chunk.usage, 'usage'));
    for (const each of list(chunk.choices, 'choices')) {
      const choice = object(each, 'choice');
      const index = count(choice.index, 'index');
      assert.ok(!finished.has(index), 'a choice goes on after its end');
      const delta = object(choice.delta, 'delta');
      if (choice.finish_reason !== null) {
        finished.add(index);
        if (index === 0) out.stop = oneOf(choice.finish_reason, FINISH, 'finish_reason');
      }
      if (index > 0) continue;
      if (delta.content !== undefined && delta.content !== null) out.text += text(delta.content, 'content');
      if (delta.refusal !== undefined && delta.refusal !== null) out.refusal += text(delta.refusal, 'refusal');
      if (delta.reasoning_content !== undefined) out.reasoning += text(delta.reasoning_content, 'reasoning_content');
      for (const one of delta.tool_calls === undefined ? [] : list(delta.tool_calls, 'tool_calls')) {
        const call = object(one, 'call');
        const at = count(call.index, 'call.index');
        assert.ok(at <= calls.length, 'a call was left out');
        const inner = object(call.function ?? call.custom, 'function');
        if (at === calls.length)
          calls.push({ id: word(call.id, 'call.id'), name: text(inner.name, 'name'), written: '' });
        const known = calls[at];
        if (known !== undefined) known.written += text(inner.arguments ?? inner.input ?? '', 'arguments');
      }
    }
  }
  assert.ok(isDone !== (out.error !== undefined), 'neither ended nor broken');
  if (isDone) assert.ok(finished.has(0), 'the choice was not ended');
  out.calls = calls.map((call) => ({ id: call.id, name: call.name, arguments: argumentsOf(call.written) }));
  unique(
    out.calls.map((call) => call.id),
    'ids of calls',
  );
  return out;
}

function readResponse(response: Wire, out: Draft): void {
  assert.equal(response.object, 'response');
  word(response.id, 'id');
  count(response.created_at, 'created_at');
  text(response.model, 'model');
  const status = oneOf(response.status, ['completed', 'incomplete', 'failed'], 'status');
  const items = list(response.output, 'output').map((each) => object(each, 'item'));
  unique(
    items.flatMap((item) => (item.id === undefined ? [] : [word(item.id, 'item.id')])),
    'ids of items',
  );
  for (const item of items)
    switch (word(item.type, 'type')) {
      case 'message':
        assert.equal(item.role, 'assistant');
        for (const each of list(item.content, 'content')) {
          const part = object(each, 'part');
          if (oneOf(part.type, ['output_text', 'refusal'], 'part.type') === 'refusal')
            out.refusal += text(part.refusal, 'refusal');
          else {
            out.text += text(part.text, 'text');
            list(part.annotations, 'annotations');
          }
        }
        break;
      case 'reasoning':
        for (const each of list(item.summary, 'summary')) out.reasoning += text(object(each, 'part').text, 'summary');
        break;
      case 'function_call':
      case 'custom_tool_call': {
        const written = text(item.arguments ?? item.input, 'arguments');
        const id = word(item.call_id, 'call_id');
        out.calls.push({ id, name: text(item.name, 'name'), arguments: argumentsOf(written) });
      }
    }
  unique(
    out.calls.map(({ id }) => id),
    'ids of calls',
  );
  const reason = response.incomplete_details === null ? '' : String(object(response.incomplete_details, 'd').reason);
  out.stop = `${status}${reason === '' ? '' : ` ${reason}`}`;
  if (response.usage === null || response.usage === undefined) return;
  const usage = object(response.usage, 'usage');
  const input = count(usage.input_tokens, 'input_tokens');
  const output = count(usage.output_tokens, 'output_tokens');
  assert.equal(count(usage.total_tokens, 'total_tokens'), input + output);
  count(object(usage.input_tokens_details, 'details').cached_tokens, 'cached_tokens');
  count(object(usage.output_tokens_details, 'details').reasoning_tokens, 'reasoning_tokens');
  out.usage = { input, output };
}

/** What came of each part of each item: they may come at the same time. */
class Pieces {
  readonly #byPlace = new Map<number, string>();
  add(event: Wire): void {
    const within = count(event.content_index ?? event.summary_index ?? 0, 'index of a part');
    const place = count(event.output_index, 'output_index') * 1_000 + within;
    this.#byPlace.set(place, (this.#byPlace.get(place) ?? '') + text(event.delta, 'delta'));
  }
  inOrder(): readonly string[] {
    return [...this.#byPlace].sort(([a], [b]) => a - b).map(([, pieces]) => pieces);
  }
}

function readResponsesStream(stream: string): ReadAnswer {
  const out = draft();
  const said = { text: new Pieces(), refusal: new Pieces(), reasoning: new Pieces(), arguments: new Pieces() };
  const open = new Set<number>();
  let sequence = 0;
  let begun = 0;
  let last: string | undefined;
  for (const { name, data } of eventsIn(stream)) {
    const event = object(parsed(data, 'an event'), 'event');
    assert.equal(name, event.type);
    const isEnd = (each: string | undefined): boolean =>
      /^(error|response\.(completed|incomplete|failed))$/.test(each ?? '');
    assert.ok(!isEnd(last) || (last === 'error' && name === 'response.failed'), 'something comes after the end');
    last = name;
    if (name === 'error') {
      out.error = ours(event);
      continue;
    }
    if (out.error === undefined) assert.equal(event.sequence_number, sequence++);
    const index = event.output_index;
    switch (name) {
      case 'response.created':
        assert.equal(sequence, 1);
        break;
      case 'response.output_item.added':
        assert.equal(count(index, 'output_index'), begun++);
        open.add(Number(index));
        word(object(event.item, 'item').id, 'item.id');
        break;
      case 'response.output_item.done':
        assert.ok(open.delete(Number(index)), 'an item ends that was not open');
        break;
      case 'response.output_text.delta':
        assert.ok(open.has(Number(index)));
        said.text.add(event);
        break;
      case 'response.refusal.delta':
        said.refusal.add(event);
        break;
      case 'response.reasoning_summary_text.delta':
        said.reasoning.add(event);
        break;
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        assert.ok(open.has(Number(index)));
        said.arguments.add(event);
        break;
      case 'response.completed':
      case 'response.incomplete':
      case 'response.failed':
        if (out.error !== undefined) break;
        assert.equal(open.size, 0, 'items are open at the end');
        readResponse(object(event.response, 'response'), out);
        assert.equal(said.text.inOrder().join(''), out.text, 'the pieces are not the whole');
        assert.equal(said.refusal.inOrder().join(''), out.refusal);
        assert.equal(said.reasoning.inOrder().join(''), out.reasoning);
        assert.deepEqual(
          said.arguments.inOrder().map(argumentsOf),
          out.calls.map((call) => call.arguments),
        );
    }
  }
  assert.match(last ?? '', /^(error|response\.(completed|incomplete|failed))$/, 'no event says that this is all');
  return out;
}

const STOPS = [
  ...['end_turn', 'max_tokens', 'stop_sequence', 'tool_use', 'pause_turn', 'refusal'],
  'model_context_window_exceeded',
];

function readBlock(block: Wire, out: Draft): void {
  switch (word(block.type, 'block.type')) {
    case 'text':
      out.text += text(block.text, 'text');
      break;
    case 'thinking':
      out.reasoning += text(block.thinking, 'thinking');
      text(block.signature, 'signature');
      break;
    case 'tool_use':
      out.calls.push({
        ...{ id: word(block.id, 'block.id'), name: text(block.name, 'name') },
        arguments: object(block.input, 'input'),
      });
  }
}

function readMessageUsage(usage: Wire): NonNullable<ReadAnswer['usage']> {
  const input = count(usage.input_tokens, 'input_tokens');
  const kept = [usage.cache_read_input_tokens, usage.cache_creation_input_tokens].map((each) =>
    each === null || each === undefined ? 0 : count(each, 'cached'),
  );
  return { input: kept.reduce((sum, each) => sum + each, input), output: count(usage.output_tokens, 'output_tokens') };
}

function readMessage(body: Wire): ReadAnswer {
  const out = draft();
  word(body.id, 'id');
  assert.deepEqual([body.type, body.role], ['message', 'assistant']);
  text(body.model, 'model');
  for (const block of list(body.content, 'content')) readBlock(object(block, 'block'), out);
  unique(
    out.calls.map(({ id }) => id),
    'ids of calls',
  );
  out.stop = oneOf(body.stop_reason, STOPS, 'stop_reason');
  out.usage = readMessageUsage(object(body.usage, 'usage'));
  return out;
}

function readMessageStream(stream: string): ReadAnswer {
  const out = draft();
  let open: { block: { [member: string]: unknown }; written: string } | undefined;
  let blocks = 0;
  let last: string | undefined;
  for (const { name, data } of eventsIn(stream)) {
    const event = object(parsed(data, 'an event'), 'event');
    assert.equal(name, event.type);
    assert.ok(last !== 'message_stop' && last !== 'error', 'something comes after the end');
    assert.ok(last !== undefined || name === 'message_start' || name === 'error', `begins with ${name}`);
    if (name !== 'ping') last = name;
    switch (name) {
      case 'message_start': {
        const message = object(event.message, 'message');
        word(message.id, 'id');
        text(message.model, 'model');
        assert.deepEqual(message.content, []);
        readMessageUsage(object(message.usage, 'usage'));
        break;
      }
      case 'content_block_start': {
        assert.equal(open, undefined, 'two blocks at once');
        assert.equal(event.index, blocks++);
        open = { block: { ...object(event.content_block, 'content_block') }, written: '' };
        break;
      }
      case 'content_block_delta': {
        assert.ok(open !== undefined && event.index === blocks - 1, 'a delta for a block that is not open');
        const delta = object(event.delta, 'delta');
        const { block } = open;
        if (delta.type === 'text_delta') block.text = `${block.text}${text(delta.text, 'text')}`;
        else if (delta.type === 'thinking_delta')
          block.thinking = `${block.thinking}${text(delta.thinking, 'thinking')}`;
        else if (delta.type === 'signature_delta') block.signature = text(delta.signature, 'signature');
        else if (delta.type === 'input_json_delta') open.written += text(delta.partial_json, 'partial_json');
        break;
      }
      case 'content_block_stop':
        assert.ok(open !== undefined && event.index === blocks - 1, 'a block ends that is not open');
        if (open.block.type === 'tool_use') {
          const written = open.written === '' ? {} : argumentsOf(open.written);
          const { id, name: tool } = open.block;
          out.calls.push({ id: word(id, 'id'), name: text(tool, 'name'), arguments: written });
        } else readBlock(open.block, out);
        open = undefined;
        break;
      case 'message_delta':
        assert.equal(open, undefined, 'a block is open at the end');
        out.stop = oneOf(object(event.delta, 'delta').stop_reason, STOPS, 'stop_reason');
        out.usage = readMessageUsage(object(event.usage, 'usage'));
        break;
      case 'error':
        out.error = word(object(object(event.error, 'error').details, 'details').error_code, 'error_code');
    }
  }
  assert.ok(last === 'message_stop' || last === 'error', `ends with ${last}`);
  if (last === 'message_stop') assert.notEqual(out.stop, '', 'no message_delta');
  unique(
    out.calls.map(({ id }) => id),
    'ids of calls',
  );
  return out;
}

const REASONS = ['STOP', 'MAX_TOKENS', 'SAFETY', 'OTHER', 'RECITATION', 'MALFORMED_FUNCTION_CALL'];

function readCandidates(body: Wire, out: Draft): void {
  if (body.candidates === undefined) return;
  for (const each of list(body.candidates, 'candidates')) {
    const candidate = object(each, 'candidate');
    const index = count(candidate.index ?? 0, 'index');
    if (index > 0) continue;
    if (candidate.content !== undefined) {
      const content = object(candidate.content, 'content');
      assert.equal(content.role, 'model');
      for (const one of content.parts === undefined ? [] : list(content.parts, 'parts')) {
        const part = object(one, 'part');
        if (part.functionCall !== undefined) {
          const { id, name, args } = object(part.functionCall, 'functionCall');
          out.calls.push({ id: word(id, 'id'), name: text(name, 'name'), arguments: object(args, 'args') });
        } else if (part.text !== undefined) {
          if (part.thought === true) out.reasoning += text(part.text, 'text');
          else out.text += text(part.text, 'text');
        }
      }
    }
    if (candidate.finishReason === undefined) continue;
    assert.equal(out.stop, '', 'ended twice');
    out.stop = oneOf(candidate.finishReason, REASONS, 'finishReason');
  }
}

function readGeminiUsage(body: Wire, out: Draft): void {
  if (body.usageMetadata === undefined) return;
  const usage = object(body.usageMetadata, 'usageMetadata');
  const input = count(usage.promptTokenCount, 'promptTokenCount');
  const told = count(usage.candidatesTokenCount ?? 0, 'candidatesTokenCount');
  const output = told + count(usage.thoughtsTokenCount ?? 0, 'thoughtsTokenCount');
  count(usage.totalTokenCount, 'totalTokenCount');
  out.usage = { input, output };
}

function readGenerated(body: Wire): ReadAnswer {
  const out = draft();
  assert.ok(list(body.candidates, 'candidates').length > 0, 'no candidates');
  readCandidates(body, out);
  readGeminiUsage(body, out);
  assert.notEqual(out.stop, '', 'not ended');
  unique(
    out.calls.map(({ id }) => id),
    'ids of calls',
  );
  text(body.modelVersion, 'modelVersion');
  word(body.responseId, 'responseId');
  return out;
}

function readGeminiStream(stream: string): ReadAnswer {
  const out = draft();
  for (const { name, data } of eventsIn(stream)) {
    assert.equal(name, undefined);
    assert.equal(out.error, undefined, 'something comes after the error');
    const piece = object(parsed(data, 'a piece'), 'piece');
    if (piece.error !== undefined) {
      const error = object(piece.error, 'error');
      count(error.code, 'code');
      out.error = word(object(list(error.details, 'details')[0], 'detail').reason, 'reason').toLowerCase();
      continue;
    }
    readCandidates(piece, out);
    readGeminiUsage(piece, out);
  }
  assert.ok((out.stop !== '') !== (out.error !== undefined) || out.error !== undefined, 'neither ended nor broken');
  unique(
    out.calls.map(({ id }) => id),
    'ids of calls',
  );
  return out;
}

const READERS: {
  readonly [dialect in ClientDialect]: {
    readonly whole: (body: Wire) => ReadAnswer;
    readonly stream: (stream: string) => ReadAnswer;
  };
} = {
  chat: { whole: readChat, stream: readChatStream },
  responses: {
    whole: (body) => {
      const out = draft();
      readResponse(body, out);
      return out;
    },
    stream: readResponsesStream,
  },
  messages: { whole: readMessage, stream: readMessageStream },
  generateContent: { whole: readGenerated, stream: readGeminiStream },
};

/** Of a body under status 200. */
export function readModelAnswer(dialect: ClientDialect, isStream: boolean, body: string): ReadAnswer {
  if (isStream) return READERS[dialect].stream(body);
  return READERS[dialect].whole(object(parsed(body, 'the answer'), 'answer'));
}
