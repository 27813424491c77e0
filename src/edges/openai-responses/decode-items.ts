/** The input of a Responses request: a list of items, from which turns of a conversation are made. */

import type { AssistantPart, ChatMessage, ChatTool, ReasoningPart, ToolCallPart } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { decodeAssistantContent, decodeUserContent } from './decode-content.ts';
import { decodeTools } from './decode-tools.ts';
import { extraOf, invalid, onlyThere, optionalText, readList, readObject, readText } from './read-members.ts';
import { decodeSeal } from './seals.ts';

export interface DecodedInput {
  readonly messages: readonly ChatMessage[];
  /** Tools that came up in the middle of the conversation. */
  readonly tools: readonly ChatTool[];
}

/** Everything the model produced between two inputs is one turn of its: calls made in parallel stand together. */
export function decodeInput(input: unknown): DecodedInput {
  if (input === undefined || input === null) return { messages: [], tools: [] };
  if (typeof input === 'string')
    return { messages: [{ role: 'user', parts: [{ type: 'text', text: input }] }], tools: [] };
  const reader = new InputReader();
  for (const [i, item] of readList(input, 'input').entries())
    reader.read(readObject(item, `input[${i}]`), `input[${i}]`);
  return reader;
}

const MESSAGE = new Set(['type', 'role', 'content', 'id', 'status', 'phase']);
const CALL = new Set(['type', 'call_id', 'name', 'namespace', 'arguments', 'input', 'id', 'status']);
const OUTPUT = new Set(['type', 'call_id', 'name', 'namespace', 'output', 'id', 'status']);
/** Items of hosted tools that the client, not the model, brings. */
const BROUGHT = new Set(['mcp_approval_response', 'configuration_update']);

class InputReader implements DecodedInput {
  readonly messages: ChatMessage[] = [];
  readonly tools: ChatTool[] = [];
  /** Parts of the assistant's turn that is being read. */
  #turn: AssistantPart[] | undefined = undefined;
  readonly #calls = new Map<string, ToolCallPart>();

  read(item: JsonObject, path: string): void {
    const bare = typeof item.id === 'string' ? 'item_reference' : undefined;
    const type = item.type ?? (item.role === undefined ? bare : 'message');
    switch (type) {
      case 'message':
        return this.#readMessage(item, path);
      case 'reasoning':
        return this.#readReasoning(item, path);
      case 'function_call':
      case 'custom_tool_call':
        return this.#readCall(item, path);
      case 'function_call_output':
      case 'custom_tool_call_output':
        return this.#readOutput(item, path);
      case 'additional_tools':
        this.tools.push(...decodeTools(item.tools, `${path}.tools`));
        return;
      case 'image_generation_call':
        return this.#readImage(item, path);
      case 'item_reference':
        // Thoughts alone can be done without: whoever thinks them again arrives at the same.
        if (isThought(item.id)) return this.#readForeign(item, 'item_reference', path);
        return onlyThere(path);
      // What these stand for is known to the provider alone.
      case 'compaction':
      case 'compaction_trigger':
        return onlyThere(path);
      default:
        return this.#readForeign(item, readText(type, `${path}.type`), path);
    }
  }

  #produced(...parts: readonly AssistantPart[]): void {
    if (this.#turn === undefined) {
      this.#turn = [];
      this.messages.push({ role: 'assistant', parts: this.#turn });
    }
    this.#turn.push(...parts);
  }

  #brought(message: ChatMessage): void {
    this.#turn = undefined;
    this.messages.push(message);
  }

  #readMessage(item: JsonObject, path: string): void {
    const at = `${path}.content`;
    switch (item.role) {
      case 'assistant':
        return this.#produced(...decodeAssistantContent(item.content, item.phase, at));
      case 'system':
      case 'developer': {
        const voice = item.role === 'developer' ? item.role : undefined;
        const parts = decodeUserContent(item.content, at);
        return this.#brought({ role: 'system', voice, parts, ...extraOf(item, MESSAGE) });
      }
      case 'user':
        return this.#brought({ role: 'user', parts: decodeUserContent(item.content, at), ...extraOf(item, MESSAGE) });
      default:
        return invalid(`${path}.role`, 'user, assistant, system or developer');
    }
  }

  #readReasoning(item: JsonObject, path: string): void {
    const shown = readTexts(item.summary, `${path}.summary`);
    const content = readTexts(item.content, `${path}.content`);
    const texts = shown.length > 0 ? shown : content;
    const seal = decodeSeal(optionalText(item.encrypted_content, `${path}.encrypted_content`) ?? '');
    if (seal.type === 'call') {
      const call = this.#calls.get(seal.callId);
      if (call !== undefined) this.#replace(call, { ...call, signature: seal.signature });
      return;
    }
    const extra = {
      ...(shown.length > 1 ? { summary: item.summary } : {}),
      ...(content.length > 0 ? { content: item.content } : {}),
      ...(seal.type === 'own' && seal.text !== '' ? { encrypted_content: seal.text } : {}),
    };
    const part: ReasoningPart = {
      ...{ type: 'reasoning', text: texts.join('\n\n'), id: optionalText(item.id, `${path}.id`) },
      ...(seal.type === 'redacted' ? { sealed: seal.sealed } : {}),
      ...(seal.type === 'signature' ? { signature: seal.signature } : {}),
      ...(Object.keys(extra).length > 0 ? { extra } : {}),
    };
    this.#produced(part);
  }

  #readImage(item: JsonObject, path: string): void {
    const data = optionalText(item.result, `${path}.result`);
    if (!data) return this.#readForeign(item, 'image_generation_call', path);
    const format = optionalText(item.output_format, `${path}.output_format`) ?? 'png';
    this.#produced({ type: 'image', source: { type: 'base64', mediaType: `image/${format}`, data } });
  }

  #replace(old: ToolCallPart, part: ToolCallPart): void {
    this.#calls.set(part.id, part);
    const at = this.#turn?.indexOf(old) ?? -1;
    if (at !== -1) this.#turn?.splice(at, 1, part);
  }

  #readCall(item: JsonObject, path: string): void {
    const custom = item.type === 'custom_tool_call';
    const member = custom ? 'input' : 'arguments';
    const part: ToolCallPart = {
      ...{
        type: 'tool-call',
        id: readText(item.call_id, `${path}.call_id`),
        name: readText(item.name, `${path}.name`),
      },
      namespace: optionalText(item.namespace, `${path}.namespace`),
      arguments: readText(item[member], `${path}.${member}`),
      ...(custom ? { custom } : {}),
      ...extraOf(item, CALL),
    };
    this.#calls.set(part.id, part);
    this.#produced(part);
  }

  #readOutput(item: JsonObject, path: string): void {
    const callId = readText(item.call_id, `${path}.call_id`);
    this.#brought({
      ...{ role: 'tool', callId, name: this.#calls.get(callId)?.name ?? optionalText(item.name, `${path}.name`) },
      parts: decodeUserContent(item.output, `${path}.output`),
      ...(item.type === 'custom_tool_call_output' ? { custom: true } : {}),
      ...extraOf(item, OUTPUT),
    });
  }

  #readForeign(value: JsonObject, type: string, path: string): void {
    const part = { type: 'foreign', dialect: 'openai-responses', value } as const;
    // Tools that were searched for: elsewhere all are there from the start.
    if (type === 'tool_search_output') this.tools.push(...decodeTools(value.tools, `${path}.tools`));
    if (type.endsWith('_output') || BROUGHT.has(type)) this.#brought({ role: 'user', parts: [part] });
    else this.#produced(part);
  }
}

/** Ids of reasoning items, OpenAI's and ours. */
const isThought = (id: unknown): boolean => typeof id === 'string' && id.startsWith('rs_');

function readTexts(value: unknown, path: string): readonly string[] {
  if (value === undefined || value === null) return [];
  return readList(value, path).map((each, i) => readText(readObject(each, `${path}[${i}]`).text, `${path}[${i}].text`));
}
