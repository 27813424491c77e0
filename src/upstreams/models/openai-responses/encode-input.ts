/** Turns of a conversation as input items. */

import type { AssistantPart, ChatMessage, ChatRequest, Extra, MediaPart, UserPart } from '../../../contracts/chat.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import { type Dropped, refuse } from '../dropped.ts';
import type { ToolNames } from '../tool-names.ts';

export interface InputContext {
  readonly names: ToolNames;
  readonly dropped: Dropped;
  /** The request was read from Responses: what it alone knows is written back. */
  readonly isOwn: boolean;
}

export interface EncodedInput {
  readonly instructions: string | undefined;
  readonly items: readonly JsonObject[];
}

/** A first system message of plain text becomes `instructions`; all others stay where they stand. */
export function encodeInput({ messages }: ChatRequest, context: InputContext): EncodedInput {
  const instructions = plainSystemText(messages[0]);
  const items = messages.flatMap((message, i) =>
    i === 0 && instructions !== undefined ? [] : encodeMessage(message, `messages[${i}]`, context),
  );
  return { instructions, items };
}

function plainSystemText(message: ChatMessage | undefined): string | undefined {
  if (message?.role !== 'system' || message.voice === 'developer' || message.extra || message.name) return undefined;
  const [part, ...others] = message.parts;
  if (part?.type !== 'text' || others.length > 0 || part.cache !== undefined || part.extra) return undefined;
  return part.text;
}

function encodeMessage(message: ChatMessage, path: string, context: InputContext): readonly JsonObject[] {
  const { dropped } = context;
  if (message.role === 'assistant') {
    dropped.note(`${path}.name`, message.name);
    return encodeTurn(message.parts, path, context);
  }
  const extra = extraOf(message, path, context);
  const foreign = message.parts.flatMap((part) => (part.type === 'foreign' ? [part] : []));
  // Items of their own were read into messages of their own.
  if (foreign.length > 0 && foreign.length === message.parts.length && message.role === 'user')
    return foreign.flatMap((part, i) => writeForeign(part, `${path}.parts[${i}]`, context));
  if (message.role !== 'tool') {
    dropped.note(`${path}.name`, message.name);
    const role = message.role === 'user' ? 'user' : (message.voice ?? 'system');
    return [{ type: 'message', role, content: encodeParts(message.parts, path, context), ...extra }];
  }
  dropped.note(`${path}.isError`, message.isError || undefined);
  if (message.cache !== undefined) dropped.note(`${path}.cache`, message.cache);
  const [only, ...others] = message.parts;
  const isPlain = only?.type === 'text' && others.length === 0 && !only.extra && !only.cache;
  const output = isPlain ? only.text : encodeParts(message.parts, path, context);
  const type = message.custom ? 'custom_tool_call_output' : 'function_call_output';
  return [{ type, call_id: message.callId, output, ...extra }];
}

function extraOf(bag: Extra, path: string, { isOwn, dropped }: InputContext): JsonObject {
  if (!isOwn) dropped.noteExtra(path, bag);
  return isOwn ? (bag.extra ?? {}) : {};
}

function writeForeign(
  part: Extract<UserPart, { readonly type: 'foreign' }>,
  path: string,
  { dropped }: InputContext,
): readonly JsonObject[] {
  if (part.dialect === 'openai-responses') return [part.value];
  dropped.note(path, part);
  return [];
}

function encodeParts(parts: readonly UserPart[], path: string, context: InputContext): readonly JsonObject[] {
  return parts.flatMap((part, i) => {
    const at = `${path}.parts[${i}]`;
    if (part.type === 'foreign') return writeForeign(part, at, context);
    const kept = { ...encodeCache(part, at, context), ...extraOf(part, at, context) };
    if (part.type === 'text') return [{ type: 'input_text', text: part.text, ...kept }];
    return [{ ...encodeMedia(part, at), ...kept }];
  });
}

/** Other dialects mark what to keep by habit, and not every vendor of Responses takes a mark; it keeps prefixes anyhow. */
function encodeCache({ cache, extra }: UserPart & Extra & { cache?: unknown }, path: string, context: InputContext) {
  if (cache === undefined || extra?.prompt_cache_breakpoint !== undefined) return {};
  if (context.isOwn) return { prompt_cache_breakpoint: { mode: 'explicit' } };
  context.dropped.note(`${path}.cache`, cache);
  return {};
}

function encodeMedia({ type, source, name, detail }: MediaPart, path: string): JsonObject {
  const url = (): JsonObject => {
    if (source.type === 'file') return { file_id: source.fileId };
    return { image_url: source.type === 'url' ? source.url : dataUrl(source) };
  };
  switch (type) {
    case 'image':
      return { type: 'input_image', ...url(), ...(detail === undefined ? {} : { detail }) };
    case 'document': {
      if (source.type === 'url') return { type: 'input_file', file_url: source.url, ...named(name) };
      if (source.type === 'file') return { type: 'input_file', file_id: source.fileId, ...named(name) };
      return { type: 'input_file', file_data: dataUrl(source), filename: name ?? defaultName(source.mediaType) };
    }
    case 'audio': {
      const format = source.type === 'base64' ? AUDIO_FORMATS.get(source.mediaType) : undefined;
      if (source.type !== 'base64' || format === undefined)
        return refuse(path, 'sound is taken as MP3 or WAV data only');
      return { type: 'input_audio', input_audio: { data: source.data, format } };
    }
    case 'video':
      return refuse(path, 'the Responses API takes no video');
  }
}

const AUDIO_FORMATS: ReadonlyMap<string, string> = new Map([
  ...['audio/mpeg', 'audio/mp3'].map((type) => [type, 'mp3'] as const),
  ...['audio/wav', 'audio/x-wav', 'audio/wave'].map((type) => [type, 'wav'] as const),
]);

const named = (name: string | undefined): JsonObject => (name === undefined ? {} : { filename: name });
const dataUrl = ({ mediaType, data }: { readonly mediaType: string; readonly data: string }): string =>
  `data:${mediaType};base64,${data}`;

/** Data without a name is refused. */
function defaultName(mediaType: string): string {
  return `document.${mediaType === 'text/plain' ? 'txt' : mediaType.replace(/^.*\//, '').replace(/[^a-z0-9]/g, '')}`;
}

function encodeTurn(parts: readonly AssistantPart[], path: string, context: InputContext): readonly JsonObject[] {
  const items: JsonObject[] = [];
  let content: JsonObject[] = [];
  let phase: unknown;
  const endMessage = (): void => {
    const said = phase === undefined ? {} : { phase };
    if (content.length > 0) items.push({ type: 'message', role: 'assistant', content, ...said });
    content = [];
  };
  for (const [i, part] of parts.entries()) {
    const at = `${path}.parts[${i}]`;
    if (part.type !== 'text' && part.type !== 'refusal') {
      endMessage();
      items.push(...encodeProduced(part, at, context));
      continue;
    }
    const { phase: own, ...extra } = extraOf(part, at, context);
    if (own !== phase) endMessage();
    phase = own;
    if (part.type === 'text' && part.cache !== undefined) context.dropped.note(`${at}.cache`, part.cache);
    content.push(
      part.type === 'refusal'
        ? { type: 'refusal', refusal: part.text, ...extra }
        : { type: 'output_text', text: part.text, annotations: [], ...extra },
    );
  }
  endMessage();
  return items;
}

/** Fernet tokens, which is what encrypted reasoning is, all begin so: another provider's signature would be refused. */
const OWN_SEAL = 'gAAAA';

function encodeProduced(
  part: Exclude<AssistantPart, { readonly type: 'text' | 'refusal' }>,
  path: string,
  context: InputContext,
): readonly JsonObject[] {
  const { isOwn, dropped, names } = context;
  switch (part.type) {
    case 'reasoning': {
      const { signature, id, text } = part;
      const isReadable = signature?.startsWith(OWN_SEAL) === true;
      if (!isReadable && !isOwn) {
        dropped.note(path, part);
        return [];
      }
      dropped.note(`${path}.sealed`, part.sealed);
      if (!isReadable) dropped.note(`${path}.signature`, signature);
      const extra = extraOf(part, path, context);
      // Where there is more than one summary, or the whole text, these are kept as they were.
      const summary = text === '' || extra.content !== undefined ? [] : [{ type: 'summary_text', text }];
      const kept = isOwn && id !== undefined ? { id } : {};
      return [
        { type: 'reasoning', ...kept, summary, ...(isReadable ? { encrypted_content: signature } : {}), ...extra },
      ];
    }
    case 'tool-call': {
      const group = part.namespace === undefined ? {} : { namespace: part.namespace };
      const head = { call_id: part.id, name: names.toWire(part.name), ...group };
      dropped.note(`${path}.signature`, part.signature);
      if (part.cache !== undefined) dropped.note(`${path}.cache`, part.cache);
      const extra = extraOf(part, path, context);
      return part.custom
        ? [{ type: 'custom_tool_call', ...head, input: part.arguments, ...extra }]
        : [{ type: 'function_call', ...head, arguments: part.arguments, ...extra }];
    }
    case 'foreign':
      return writeForeign(part, path, context);
    default:
      // What the model drew or said aloud cannot be given back to it as its own.
      dropped.note(path, part);
      return [];
  }
}
