/** From Gemini's contents to neutral messages: a turn that holds results of tools is read into one message for each. */

import type { AssistantPart, ChatMessage, MediaPart, UserPart } from '../../contracts/chat.ts';
import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { readBoolean, readObject, readObjects, readString, restOf, wrong } from './read-member.ts';

const set = (...keys: string[]): ReadonlySet<string> => new Set(keys);
const CONTENT = set('role', 'parts');
const TEXT = set('text', 'thought');
const THOUGHT = set('text', 'thought', 'thoughtSignature');
const MEDIA = set('inlineData', 'fileData');
const CALL = set('functionCall', 'thoughtSignature');
const CALL_FIELDS = set('id', 'name', 'args');
const RESPONSE = set('functionResponse');
const RESPONSE_FIELDS = set('id', 'name', 'response', 'parts');
const BLOB = set('data', 'mimeType', 'displayName');
const FILE = set('fileUri', 'mimeType', 'displayName');

/** `{ extra }` where there is something, spread into a part. */
const extraOf = (...rests: readonly (JsonObject | undefined)[]): { readonly extra?: JsonObject } => {
  const found = rests.filter((rest) => rest !== undefined);
  return found.length === 0 ? {} : { extra: Object.assign({}, ...found) as JsonObject };
};

/** Calls without an id get one by their place in the conversation, the same in every turn. */
interface CallIds {
  /** Calls not yet answered, by name. */
  readonly open: Map<string, string[]>;
  count: number;
}

export function decodeContents(contents: readonly JsonObject[]): readonly ChatMessage[] {
  const ids: CallIds = { open: new Map(), count: 0 };
  return contents.flatMap((content, i) => decodeContent(content, `contents[${i}].`, ids));
}

function decodeContent(content: JsonObject, path: string, ids: CallIds): readonly ChatMessage[] {
  const role = readString(content, 'role', path) ?? 'user';
  if (content.parts === undefined || content.parts === null) throw wrong(`${path}parts`, 'a list of parts');
  const parts = readObjects(content, 'parts', path);
  const extra = extraOf(restOf(content, CONTENT));
  const at = (i: number): string => `${path}parts[${i}].`;
  if (role === 'model')
    return [{ role: 'assistant', parts: parts.map((part, i) => decodeAssistantPart(part, at(i), ids)), ...extra }];
  if (role === 'system')
    return [{ role: 'system', parts: parts.map((part, i) => decodeUserPart(part, at(i))), ...extra }];
  if (role !== 'user' && role !== 'function') throw wrong(`${path}role`, '"user" or "model"');
  const messages: ChatMessage[] = [];
  let run: UserPart[] | undefined = parts.length === 0 ? [] : undefined;
  const endRun = (): void => {
    if (run !== undefined) messages.push({ role: 'user', parts: run, ...extra });
    run = undefined;
  };
  for (const [i, part] of parts.entries()) {
    const response = readObject(part, 'functionResponse', at(i));
    if (response === undefined) {
      run ??= [];
      run.push(decodeUserPart(part, at(i)));
      continue;
    }
    endRun();
    messages.push(decodeResult(part, response, `${at(i)}functionResponse.`, ids));
  }
  endRun();
  return messages;
}

export function decodeUserPart(part: JsonObject, path: string): UserPart {
  const text = readString(part, 'text', path);
  if (text !== undefined) return { type: 'text', text, ...extraOf(restOf(part, TEXT)) };
  const media = decodeMedia(part, path);
  if (media !== undefined) return media;
  if (Object.values(part).every((value) => value === null))
    throw wrong(`${path}text`, 'there, or data of another kind');
  return { type: 'foreign', dialect: 'gemini', value: part };
}

function decodeAssistantPart(part: JsonObject, path: string, ids: CallIds): AssistantPart {
  const call = readObject(part, 'functionCall', path);
  const signature = readString(part, 'thoughtSignature', path);
  if (call !== undefined) {
    const name = readName(call, `${path}functionCall.`);
    const id = readString(call, 'id', `${path}functionCall.`) ?? `call_${++ids.count}`;
    const open = ids.open.get(name);
    if (open === undefined) ids.open.set(name, [id]);
    else open.push(id);
    return {
      ...{
        type: 'tool-call',
        id,
        name,
        arguments: JSON.stringify(readObject(call, 'args', `${path}functionCall.`) ?? {}),
      },
      ...(signature === undefined ? {} : { signature }),
      ...extraOf(restOf(part, CALL), nested('functionCall', restOf(call, CALL_FIELDS))),
    };
  }
  const text = readString(part, 'text', path);
  if (text === undefined || readBoolean(part, 'thought', path) !== true) return decodeUserPart(part, path);
  return {
    ...{ type: 'reasoning', text },
    ...(signature === undefined ? {} : { signature }),
    ...extraOf(restOf(part, THOUGHT)),
  };
}

const nested = (key: string, rest: JsonObject | undefined): JsonObject | undefined =>
  rest === undefined ? undefined : { [key]: rest };

function readName(object: JsonObject, path: string): string {
  const name = readString(object, 'name', path);
  if (name === undefined || name === '') throw wrong(`${path}name`, 'the name of a function');
  return name;
}

function decodeMedia(part: JsonObject, path: string): MediaPart | undefined {
  const blob = readObject(part, 'inlineData', path);
  const file = blob === undefined ? readObject(part, 'fileData', path) : undefined;
  const given = blob ?? file;
  if (given === undefined) return undefined;
  const at = `${path}${blob === undefined ? 'fileData' : 'inlineData'}.`;
  const mediaType = readString(given, 'mimeType', at);
  const name = readString(given, 'displayName', at);
  const common = {
    ...{ type: mediaKind(mediaType) },
    ...(name === undefined ? {} : { name }),
    ...extraOf(
      restOf(part, MEDIA),
      blob === undefined ? undefined : nested('inlineData', restOf(blob, BLOB)),
      file === undefined ? undefined : nested('fileData', restOf(file, FILE)),
    ),
  };
  if (blob === undefined) {
    const url = readString(given, 'fileUri', `${path}fileData.`);
    if (url === undefined || url === '') throw wrong(`${path}fileData.fileUri`, 'a URI');
    return { ...common, source: { type: 'url', url, ...(mediaType === undefined ? {} : { mediaType }) } };
  }
  if (mediaType === undefined) throw wrong(`${at}mimeType`, 'a media type');
  const bytes = readString(blob, 'data', at);
  if (bytes === undefined) throw wrong(`${at}data`, 'Base64');
  // Google takes the URL alphabet, too, and no padding; others do not.
  const data = bytes.replaceAll('-', '+').replaceAll('_', '/');
  return { ...common, source: { type: 'base64', mediaType, data: data.padEnd(Math.ceil(data.length / 4) * 4, '=') } };
}

function mediaKind(mediaType: string | undefined): MediaPart['type'] {
  const kind = mediaType?.slice(0, mediaType.indexOf('/'));
  return kind === 'image' || kind === 'audio' || kind === 'video' ? kind : 'document';
}

function decodeResult(part: JsonObject, given: JsonObject, path: string, ids: CallIds): ChatMessage {
  const name = readName(given, path);
  const response = readObject(given, 'response', path) ?? {};
  const media = readObjects(given, 'parts', path).map((each, i) => decodeUserPart(each, `${path}parts[${i}].`));
  // What SDKs wrap a plain text in is taken off again; any other object is the result itself.
  const keys = Object.keys(response);
  const only = keys.length === 1 ? keys[0] : undefined;
  const plain = only === 'output' || only === 'error' ? response[only] : undefined;
  return {
    ...{ role: 'tool', callId: answeredId(given, name, path, ids), name },
    ...(typeof plain === 'string'
      ? { parts: [{ type: 'text', text: plain }, ...media] }
      : { parts: [{ type: 'text', text: JSON.stringify(response) }, ...media], value: response }),
    ...(only === 'error' ? { isError: true } : {}),
    ...extraOf(restOf(part, RESPONSE), nested('functionResponse', restOf(given, RESPONSE_FIELDS))),
  };
}

/** The call a result belongs to: by its id, else the first open one of that name. */
function answeredId(given: JsonObject, name: string, path: string, ids: CallIds): string {
  const open = ids.open.get(name);
  const id = readString(given, 'id', path);
  if (id === undefined) return open?.shift() ?? `call_${++ids.count}`;
  const at = open?.indexOf(id) ?? -1;
  if (at !== -1) open?.splice(at, 1);
  return id;
}

/** `systemInstruction`: a content, or the text alone. */
export function decodeSystem(value: unknown): readonly ChatMessage[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [{ role: 'system', parts: [{ type: 'text', text: value }] }];
  if (!isObject(value)) throw wrong('systemInstruction', 'a content');
  const bare = value.parts === undefined && typeof value.text === 'string' ? [value] : undefined;
  const parts = bare ?? readObjects(value, 'parts', 'systemInstruction.');
  return [{ role: 'system', parts: parts.map((part, i) => decodeUserPart(part, `systemInstruction.parts[${i}].`)) }];
}
