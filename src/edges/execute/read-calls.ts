/** What is to be carried out, as the dialects write calls of tools: their own objects, one or many, or ids of suggestions. */

import type { ChatDialect } from '../../contracts/chat.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject, JsonText, ParsedJson } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { elementTexts, memberText } from '../../lib/json-text.ts';
import { readJsonObject } from '../models/read-json.ts';

/** Dialects that clients speak. */
export type ClientDialect = Extract<ChatDialect, 'openai-chat' | 'openai-responses' | 'anthropic' | 'gemini'>;

/** One of them. `dialect` is that of the message which is made of its result. */
export type AskedCall =
  | {
      readonly type: 'tool-call';
      readonly dialect: ClientDialect;
      /** Undefined: the caller has none, or its dialect. */
      readonly toolCallId: string | undefined;
      readonly name: string;
      /** An object; no member of it stands twice. */
      readonly arguments: JsonText;
    }
  | {
      readonly type: 'suggestion';
      /** Undefined: that in which it was suggested. */
      readonly dialect: ClientDialect | undefined;
      readonly id: string;
      /** Where the ledger could not keep them. Undefined: its own are used. */
      readonly arguments: JsonText | undefined;
    };

export interface AskedCalls {
  readonly calls: readonly AskedCall[];
  /** They came as `calls`, and are answered as `results`. */
  readonly isList: boolean;
}

const MAX_CALLS = 32;
const MAX_NAME_CHARS = 512;
const MAX_ID_CHARS = 512;

const FORMATS: { readonly [format: string]: ClientDialect } = {
  chat: 'openai-chat',
  responses: 'openai-responses',
  anthropic: 'anthropic',
  gemini: 'gemini',
};

/** `?format=`. Throws GatewayError `invalid_params`. */
export function readFormat(value: string | null): ClientDialect | undefined {
  if (value === null) return undefined;
  const dialect = Object.hasOwn(FORMATS, value) ? FORMATS[value] : undefined;
  if (dialect !== undefined) return dialect;
  throw new GatewayError('invalid_params', `format takes ${Object.keys(FORMATS).join(', ')}`);
}

/** Throws GatewayError `parse_error`, `invalid_params` that names the member. */
export function readCalls(text: string, format: ClientDialect | undefined, maxDepth: number): AskedCalls {
  const body = readJsonObject(text, maxDepth);
  if (body.value.calls === undefined) return { calls: [readCall(body, '', format, maxDepth)], isList: false };
  const { calls } = body.value;
  if (!Array.isArray(calls) || calls.length === 0 || calls.length > MAX_CALLS)
    throw invalid('calls', `must be a list of 1 to ${MAX_CALLS} calls`);
  const texts = elementTexts(memberText(body.text, 'calls') ?? '[]');
  return {
    calls: calls.map((value: unknown, index) => {
      const at = `calls[${index}]`;
      if (!isObject(value)) throw invalid(at, 'must be an object');
      return readCall({ text: texts[index] ?? '{}', value }, `${at}.`, format, maxDepth);
    }),
    isList: true,
  };
}

function readCall(
  { text, value }: ParsedJson,
  at: string,
  format: ClientDialect | undefined,
  maxDepth: number,
): AskedCall {
  if (value.suggestion !== undefined)
    return {
      type: 'suggestion',
      dialect: format,
      id: readText(value, 'suggestion', at, MAX_ID_CHARS),
      arguments: value.arguments === undefined ? undefined : readObject(text, value, 'arguments', at),
    };
  switch (value.type) {
    case 'function': {
      const called = value.function;
      if (!isObject(called)) throw invalid(`${at}function`, 'must be an object');
      return {
        ...{ type: 'tool-call', dialect: 'openai-chat', toolCallId: readId(value, 'id', at) },
        name: readText(called, 'name', `${at}function.`, MAX_NAME_CHARS),
        arguments: readArgumentsText(called, `${at}function.`, maxDepth),
      };
    }
    case 'function_call':
      return {
        ...{ type: 'tool-call', dialect: 'openai-responses', toolCallId: readId(value, 'call_id', at) },
        name: readText(value, 'name', at, MAX_NAME_CHARS),
        arguments: readArgumentsText(value, at, maxDepth),
      };
    case 'tool_use':
      return {
        ...{ type: 'tool-call', dialect: 'anthropic', toolCallId: readId(value, 'id', at) },
        name: readText(value, 'name', at, MAX_NAME_CHARS),
        arguments: readObject(text, value, 'input', at),
      };
    case undefined:
      return readFunctionCall({ text, value }, at);
    default:
      throw invalid(`${at}type`, 'must be function, function_call or tool_use');
  }
}

/** Gemini's: a part, or what stands in it. */
function readFunctionCall({ text, value }: ParsedJson, at: string): AskedCall {
  const inner = value.functionCall;
  if (inner !== undefined && !isObject(inner)) throw invalid(`${at}functionCall`, 'must be an object');
  const called = inner ?? value;
  const where = inner === undefined ? at : `${at}functionCall.`;
  if (called.name === undefined)
    throw invalid(
      at === '' ? 'the body' : at.slice(0, -1),
      'must be a call of a tool as a model made it, or {"suggestion":"sug_…"}',
    );
  const calledText = inner === undefined ? text : (memberText(text, 'functionCall') ?? '{}');
  return {
    ...{ type: 'tool-call', dialect: 'gemini', toolCallId: readId(called, 'id', where) },
    name: readText(called, 'name', where, MAX_NAME_CHARS),
    arguments: readObject(calledText, called, 'args', where),
  };
}

function readText(value: JsonObject, member: string, at: string, maxChars: number): string {
  const text = value[member];
  if (typeof text === 'string' && text !== '' && text.length <= maxChars) return text;
  throw invalid(`${at}${member}`, `must be a text of 1 to ${maxChars} characters`);
}

/** SDKs' tool runners do not tell their functions which call it was. */
function readId(value: JsonObject, member: string, at: string): string | undefined {
  const id = value[member];
  return id === undefined || id === null || id === '' ? undefined : readText(value, member, at, MAX_ID_CHARS);
}

/** Of an object that is JSON itself; its text is kept to the byte, since numbers may be longer than ours. */
function readObject(text: JsonText, value: JsonObject, member: string, at: string): JsonText {
  const given = value[member];
  if (given === undefined || given === null) return '{}';
  if (!isObject(given)) throw invalid(`${at}${member}`, 'must be an object');
  return memberText(text, member) ?? '{}';
}

/** Of a text that holds JSON. */
function readArgumentsText(value: JsonObject, at: string, maxDepth: number): JsonText {
  const given = value.arguments ?? '';
  if (typeof given !== 'string') throw invalid(`${at}arguments`, 'must be JSON as a text');
  if (given.trim() === '') return '{}';
  try {
    return readJsonObject(given, maxDepth).text;
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    throw invalid(`${at}arguments`, 'must be the JSON of an object in which nothing stands twice');
  }
}

function invalid(param: string, what: string): GatewayError {
  return new GatewayError('invalid_params', `${param} ${what}`, { data: { param } });
}
