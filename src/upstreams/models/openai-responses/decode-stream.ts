/** From the events of Responses to neutral ones. */

import type { AssistantPart, ChatEvent } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import { createSseDecoder, SseTooLargeError } from '../../../lib/sse.ts';
import type { StreamDecoder } from '../neutral-stream.ts';
import type { ToolNames } from '../tool-names.ts';
import {
  asList,
  asObject,
  asText,
  decodeCall,
  decodeContent,
  decodeItem,
  decodeUsage,
  headOf,
  stopOf,
} from './decode-answer.ts';
import { failureOfError } from './read-error.ts';

/** A part that has begun and not ended. */
interface OpenPart {
  readonly part: number;
  /** Characters of it that came. */
  chars: number;
  /** Reasoning: whether its summary or its whole text is what is shown; the first to come. */
  shows?: 'summary' | 'text';
}

/** Gives `end` where the provider said that this is all. */
export function createStreamDecoder(names: ToolNames, maxEventChars: number): StreamDecoder {
  const utf8 = new TextDecoder();
  const reader = new StreamReader(names);
  const sse = createSseDecoder(({ data }) => {
    if (data === '[DONE]') return;
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch (error) {
      throw new ProviderFailure('malformed', 'an event that is no JSON', { cause: error });
    }
    reader.take(asObject(event));
  }, maxEventChars);
  return {
    push(bytes) {
      try {
        sse.push(utf8.decode(bytes, { stream: true }));
      } catch (error) {
        if (error instanceof SseTooLargeError) throw new ProviderFailure('malformed', error.message, { cause: error });
        throw error;
      }
      return reader.flush();
    },
    // The event that is the last says so itself.
    finish: () => [],
  };
}

class StreamReader {
  isComplete = false;
  #events: ChatEvent[] = [];
  #isStarted = false;
  /** Parts under way, by item and, in messages, by their place. */
  readonly #open = new Map<string, OpenPart>();
  /** Every part that has begun, for what the end says of the whole. */
  readonly #begun: AssistantPart[] = [];
  /** Items whose parts have all been told. */
  readonly #done = new Set<unknown>();
  readonly #phases = new Map<unknown, unknown>();
  readonly #names: ToolNames;

  constructor(names: ToolNames) {
    this.#names = names;
  }

  flush(): readonly ChatEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  take(event: JsonObject): void {
    if (this.isComplete) return;
    const { type, output_index: item, content_index: place } = event;
    const at = `${String(item)}:${String(place)}`;
    switch (type) {
      case 'response.created':
      case 'response.in_progress':
      case 'response.queued':
        return this.#start(asObject(event.response));
      case 'response.output_item.added':
        return this.#beginItem(item, asObject(event.item));
      case 'response.output_item.done':
        return this.#endItem(item, asObject(event.item));
      case 'response.content_part.added':
        return this.#beginContent(at, asObject(event.part), item);
      case 'response.output_text.delta':
        return this.#add(at, asText(event.delta), { type: 'text', text: '' });
      case 'response.refusal.delta':
        return this.#add(at, asText(event.delta), { type: 'refusal', text: '' });
      case 'response.output_text.done':
        return this.#complete(at, asText(event.text), { type: 'text', text: '' });
      case 'response.refusal.done':
        return this.#complete(at, asText(event.refusal), { type: 'refusal', text: '' });
      case 'response.content_part.done':
        return this.#end(at);
      case 'response.function_call_arguments.delta':
      case 'response.custom_tool_call_input.delta':
        return this.#add(`${String(item)}`, asText(event.delta), undefined);
      case 'response.reasoning_summary_part.added':
        return this.#addThought(item, event.summary_index === 0 ? '' : '\n\n', 'summary');
      case 'response.reasoning_summary_text.delta':
        return this.#addThought(item, asText(event.delta), 'summary');
      case 'response.reasoning_text.delta':
        return this.#addThought(item, asText(event.delta), 'text');
      case 'response.completed':
      case 'response.incomplete':
        return this.#finish(asObject(event.response));
      case 'response.failed':
        throw failureOfError(asObject(event.response).error);
      case 'error':
        throw failureOfError(event.error ?? event);
      default:
        return;
    }
  }

  #start(response: JsonObject): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.#events.push({ type: 'start', ...headOf(response) });
  }

  #begin(key: string, value: AssistantPart): OpenPart {
    this.#start({});
    const open: OpenPart = { part: this.#begun.length, chars: 0 };
    this.#begun.push(value);
    this.#open.set(key, open);
    this.#events.push({ type: 'part-start', choice: 0, part: open.part, value });
    return open;
  }

  #add(key: string, text: string, missing: AssistantPart | undefined): void {
    const open = this.#open.get(key) ?? (missing && this.#begin(key, missing));
    if (open === undefined || text === '') return;
    open.chars += text.length;
    this.#events.push({ type: 'delta', choice: 0, part: open.part, text });
  }

  /** The whole of what came in pieces; some send no pieces. */
  #complete(key: string, text: string, missing: AssistantPart | undefined): void {
    if ((this.#open.get(key)?.chars ?? 0) === 0) this.#add(key, text, missing);
  }

  #addThought(item: unknown, text: string, shows: 'summary' | 'text'): void {
    const open = this.#open.get(`${String(item)}`);
    if (open === undefined) return;
    open.shows ??= shows;
    if (open.shows === shows) this.#add(`${String(item)}`, text, undefined);
  }

  #end(key: string): void {
    const open = this.#open.get(key);
    if (open === undefined) return;
    this.#open.delete(key);
    this.#events.push({ type: 'part-end', choice: 0, part: open.part });
  }

  #beginItem(index: unknown, item: JsonObject): void {
    const key = `${String(index)}`;
    switch (item.type) {
      case 'message':
        this.#phases.set(index, item.phase);
        return;
      case 'reasoning': {
        const id = asText(item.id);
        this.#begin(key, { type: 'reasoning', text: '', ...(id === '' ? {} : { id }) });
        return;
      }
      case 'function_call':
      case 'custom_tool_call': {
        const { arguments: whole, ...call } = decodeCall(item, this.#names);
        this.#begin(key, { ...call, arguments: '' });
        this.#add(key, whole, undefined);
        return;
      }
      default:
        // Others are told when they are whole.
        return;
    }
  }

  #beginContent(key: string, part: JsonObject, item: unknown): void {
    if (part.type !== 'output_text' && part.type !== 'refusal') return;
    const { type, extra } = decodeContent(part, this.#phases.get(item)) as {
      type: 'text' | 'refusal';
      extra?: JsonObject;
    };
    this.#begin(key, { type, text: '', ...(extra && { extra }) });
  }

  #endItem(index: unknown, item: JsonObject): void {
    if (this.#done.has(index)) return;
    this.#done.add(index);
    const key = `${String(index)}`;
    const open = this.#open.get(key);
    if (open !== undefined) {
      const [whole] = decodeItem(item, this.#names);
      if (whole?.type === 'tool-call') this.#complete(key, whole.arguments, undefined);
      if (whole?.type === 'reasoning') {
        this.#complete(key, whole.text, undefined);
        const { signature } = whole;
        if (signature !== undefined) this.#events.push({ type: 'signature', choice: 0, part: open.part, signature });
      }
      return this.#end(key);
    }
    const parts = decodeItem(item, this.#names);
    if (item.type !== 'message') return this.#tellWhole(parts, key);
    for (const [place] of asList(item.content).entries()) this.#end(`${key}:${place}`);
    // A message that nothing was said of before.
    if (!this.#phases.has(index)) this.#tellWhole(parts, key);
  }

  #tellWhole(parts: readonly AssistantPart[], key: string): void {
    for (const [i, whole] of parts.entries()) {
      const own = `${key}:whole:${i}`;
      if (whole.type === 'text' || whole.type === 'refusal' || whole.type === 'reasoning') {
        const { part } = this.#begin(own, {
          ...whole,
          text: '',
          ...(whole.type === 'reasoning' && { signature: undefined }),
        });
        this.#add(own, whole.text, undefined);
        if (whole.type === 'reasoning' && whole.signature !== undefined)
          this.#events.push({ type: 'signature', choice: 0, part, signature: whole.signature });
      } else if (whole.type === 'tool-call') {
        this.#begin(own, { ...whole, arguments: '' });
        this.#add(own, whole.arguments, undefined);
      } else this.#begin(own, whole);
      this.#end(own);
    }
  }

  #finish(response: JsonObject): void {
    this.#start(response);
    for (const [index, item] of asList(response.output).entries())
      if (this.#begun.length === 0 || this.#open.has(`${index}`)) this.#endItem(index, asObject(item));
    for (const key of [...this.#open.keys()]) this.#end(key);
    const usage = decodeUsage(response.usage);
    this.#events.push({ type: 'choice-end', choice: 0, stop: stopOf(response, this.#begun) });
    if (usage !== undefined) this.#events.push({ type: 'usage', usage });
    this.#events.push({ type: 'end' });
    this.isComplete = true;
  }
}
