/** Neutral messages as chat completions write them. What cannot be said is named in `dropped`, or refused. */

import type { AssistantPart, ChatMessage, MediaPart, UserPart } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { ProviderFailure } from '../../../contracts/models.ts';
import type { ToolNames } from '../tool-names.ts';

export interface MessageRules {
  readonly names: ToolNames;
  /** Members this vendor takes besides OpenAI's: `reasoning_content`, `reasoning`. */
  readonly takes: readonly string[];
  /** Texts of one message become one: not everybody takes a list of them. */
  readonly joinsText: boolean;
  /** `extra` is OpenAI's own. */
  readonly keepsExtra: boolean;
  readonly dropped: Set<string>;
}

export function unsupported(what: string): ProviderFailure {
  const publicText = `${what} cannot be said in chat completions`;
  return new ProviderFailure('unsupported', publicText, { publicText });
}

export function encodeMessages(messages: readonly ChatMessage[], rules: MessageRules): readonly JsonObject[] {
  const out: JsonObject[] = [];
  // What tools returned besides text: results hold text only, and must stand together.
  let late: JsonObject[] = [];
  const flush = (): void => {
    if (late.length > 0) out.push({ role: 'user', content: late });
    late = [];
  };
  for (const [i, message] of messages.entries()) {
    const path = `messages[${i}]`;
    if (message.role !== 'tool') flush();
    out.push(encodeMessage(message, path, rules, late));
  }
  flush();
  return out;
}

function encodeMessage(message: ChatMessage, path: string, rules: MessageRules, late: JsonObject[]): JsonObject {
  const extra = extraOf(message.extra, path, rules);
  const name = message.name === undefined || message.role === 'tool' ? {} : { name: message.name };
  switch (message.role) {
    case 'system': {
      const parts = message.parts.map((part, at) => encodeUserPart(part, `${path}.content[${at}]`, rules));
      return { role: message.voice ?? 'system', content: contentOf(parts, rules), ...name, ...extra };
    }
    case 'user': {
      const parts = message.parts.map((part, at) => encodeUserPart(part, `${path}.content[${at}]`, rules));
      return { role: 'user', content: contentOf(parts, rules), ...name, ...extra };
    }
    case 'assistant':
      return { role: 'assistant', ...encodeAssistant(message.parts, path, rules), ...name, ...extra };
    case 'tool': {
      if (message.isError === true) rules.dropped.add('is_error');
      if (message.cache !== undefined) rules.dropped.add('cache_control');
      const texts: JsonObject[] = [];
      const media: JsonObject[] = [];
      for (const [at, part] of message.parts.entries()) {
        if (part.type === 'foreign' && part.dialect !== 'openai-chat') {
          rules.dropped.add(`${path}.content[${at}]`);
          continue;
        }
        const encoded = encodeUserPart(part, `${path}.content[${at}]`, rules);
        (encoded.type === 'text' ? texts : media).push(encoded);
      }
      if (media.length > 0) late.push({ type: 'text', text: `Returned by tool call ${message.callId}:` }, ...media);
      return { role: 'tool', tool_call_id: message.callId, content: contentOf(texts, rules), ...extra };
    }
  }
}

/** One text is a string, as everybody takes it. */
function contentOf(parts: readonly JsonObject[], { joinsText }: MessageRules): string | readonly JsonObject[] {
  const plain = parts.filter((part) => part.type === 'text' && Object.keys(part).length === 2);
  if (plain.length < parts.length || (parts.length > 1 && !joinsText)) return parts;
  return plain.map(({ text }) => String(text)).join('\n\n');
}

function encodeUserPart(part: UserPart, path: string, rules: MessageRules): JsonObject {
  if (part.type === 'foreign') {
    if (part.dialect === 'openai-chat') return part.value;
    throw unsupported(`${path} (${String(part.value.type ?? part.dialect)})`);
  }
  if (part.cache !== undefined) rules.dropped.add('cache_control');
  const extra = extraOf(part.extra, path, rules);
  return part.type === 'text' ? { type: 'text', text: part.text, ...extra } : { ...encodeMedia(part, path), ...extra };
}

const SOUNDS: { readonly [mediaType: string]: string } = {
  ...{ 'audio/wav': 'wav', 'audio/x-wav': 'wav', 'audio/wave': 'wav', 'audio/mpeg': 'mp3', 'audio/mp3': 'mp3' },
};

function encodeMedia({ type, source, name, detail }: MediaPart, path: string): JsonObject {
  if (type === 'image' && source.type !== 'file') {
    const url = source.type === 'url' ? source.url : `data:${source.mediaType};base64,${source.data}`;
    return { type: 'image_url', image_url: detail === undefined ? { url } : { url, detail } };
  }
  if (type === 'audio' && source.type === 'base64') {
    const format = SOUNDS[source.mediaType];
    if (format === undefined) throw unsupported(`${path}: sound of type ${source.mediaType}`);
    return { type: 'input_audio', input_audio: { data: source.data, format } };
  }
  if (type === 'document' && source.type !== 'url') {
    const filename = name === undefined ? {} : { filename: name };
    if (source.type === 'file') return { type: 'file', file: { file_id: source.fileId, ...filename } };
    const file_data = `data:${source.mediaType};base64,${source.data}`;
    return { type: 'file', file: { file_data, filename: name ?? 'document' } };
  }
  const how = source.type === 'file' ? 'by id of a file' : source.type === 'url' ? 'by URL' : 'as bytes';
  throw unsupported(`${path}: ${type} ${how}`);
}

function encodeAssistant(parts: readonly AssistantPart[], path: string, rules: MessageRules): JsonObject {
  const texts: JsonObject[] = [];
  const calls: JsonObject[] = [];
  const reasoning: string[] = [];
  const refusals: string[] = [];
  for (const [at, part] of parts.entries()) {
    const here = `${path}.content[${at}]`;
    switch (part.type) {
      case 'text':
        if (part.cache !== undefined) rules.dropped.add('cache_control');
        texts.push({ type: 'text', text: part.text, ...extraOf(part.extra, here, rules) });
        break;
      case 'refusal':
        refusals.push(part.text);
        break;
      case 'reasoning':
        if (part.text !== '') reasoning.push(part.text);
        if (part.signature !== undefined || part.sealed !== undefined) rules.dropped.add('reasoning.signature');
        break;
      case 'tool-call': {
        if (part.cache !== undefined) rules.dropped.add('cache_control');
        if (part.signature !== undefined) rules.dropped.add('tool_calls.signature');
        const name = rules.names.toWire(part.name, part.namespace);
        const call = part.custom
          ? { type: 'custom', custom: { name, input: part.arguments } }
          : { type: 'function', function: { name, arguments: part.arguments } };
        calls.push({ id: part.id, ...call, ...extraOf(part.extra, here, rules) });
        break;
      }
      case 'foreign':
        if (part.dialect === 'openai-chat') texts.push(part.value);
        else rules.dropped.add(here);
        break;
      default:
        // What a model drew or said itself: it has no way back in.
        rules.dropped.add(here);
    }
  }
  const refusal = refusals.join('\n\n');
  const both = refusals.length > 0 && texts.length > 0;
  const content = both ? [...texts, { type: 'refusal', refusal }] : texts;
  return {
    content: content.length === 0 ? (calls.length > 0 || refusals.length > 0 ? null : '') : contentOf(content, rules),
    ...(refusals.length > 0 && !both ? { refusal } : {}),
    ...encodeReasoning(reasoning, rules),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

/** Earlier thinking goes back only to those who want it; OpenAI refuses the member. */
function encodeReasoning(texts: readonly string[], { takes, dropped }: MessageRules): JsonObject {
  if (texts.length === 0) return {};
  const member = ['reasoning_content', 'reasoning'].find((each) => takes.includes(each));
  if (member === undefined) dropped.add('reasoning');
  return member === undefined ? {} : { [member]: texts.join('\n\n') };
}

export function extraOf(
  extra: JsonObject | undefined,
  path: string,
  { keepsExtra, dropped }: Pick<MessageRules, 'keepsExtra' | 'dropped'>,
): JsonObject {
  if (extra === undefined || keepsExtra) return extra ?? {};
  for (const member of Object.keys(extra)) dropped.add(path === '' ? member : `${path}.${member}`);
  return {};
}
