/** From an HTTP answer to the result of a tool: text, structure, images, sound, files; and errors that say what happened. */

import { STATUS_CODES } from 'node:http';
import type { JsonText } from '../../contracts/json.ts';
import { parseExactly } from '../../lib/exact-numbers.ts';
import { isObject } from '../../lib/is-object.ts';
import { redactTexts } from './api-target.ts';
import { fitToSchema } from './fit-to-schema.ts';
import { isJsonType } from './plan-body.ts';
import type { OutputPlan } from './plan-output.ts';
import type { HttpAnswer } from './send-request.ts';

/** Of the body of an error; longer ones are pages for people. */
const MAX_ERROR_BYTES = 16_384;
/** Of one header that is told. */
const MAX_HEADER_CHARS = 1_024;
/** Told because a caller may have to act on them: where the new thing is, the next page, when to try again. */
const TOLD_HEADERS: readonly string[] = ['location', 'link', 'retry-after'];

export interface AnswerDeps {
  readonly output: OutputPlan | undefined;
  /** Headers the document describes, in lower case. */
  readonly describedHeaders: readonly string[];
  readonly secrets: readonly string[];
  /** What a resource made of the answer is called. */
  readonly resourceUri: string;
  readonly isHead: boolean;
}

type Block = { readonly type: string } & { readonly [field: string]: unknown };

const text = (content: string): Block => ({ type: 'text', text: content });

/** The result of tools/call. */
export function encodeAnswer(deps: AnswerDeps, answer: HttpAnswer): JsonText {
  if (answer.status >= 300) return JSON.stringify({ content: [text(describeError(deps, answer))], isError: true });
  const { blocks, structured } = readBody(deps, answer);
  const told = tellHeaders(deps, answer);
  const content = told === '' ? blocks : [...blocks, text(told)];
  return JSON.stringify({ content, ...(structured === undefined ? {} : { structuredContent: structured }) });
}

/** A mistake in the arguments, which the model can mend. */
export function encodeRefusal(message: string): JsonText {
  return JSON.stringify({ content: [text(`Not sent: ${message}.`)], isError: true });
}

function describeError(deps: AnswerDeps, answer: HttpAnswer): string {
  const { status, headers } = answer;
  const line = `HTTP ${status} ${STATUS_CODES[status] ?? ''}`.trim();
  if (status < 400) {
    const target =
      headers.location === undefined
        ? ''
        : ` to ${redactTexts(headers.location.slice(0, MAX_HEADER_CHARS), deps.secrets)}`;
    return `${line}: the API redirects${target}, which is not followed.`;
  }
  const retry =
    headers['retry-after'] === undefined ? '' : ` (retry-after: ${String(headers['retry-after']).slice(0, 64)})`;
  const type = typeOf(answer);
  if (answer.body.length === 0) return line + retry;
  if (!isTextual(type, answer.body))
    return `${line}${retry}\n[${answer.body.length} bytes of ${type || 'unknown type'}]`;
  const body = cutText(answer, Math.min(MAX_ERROR_BYTES, answer.body.length), deps.secrets);
  return `${line}${retry}\n${body.text}${body.note}`;
}

function readBody(deps: AnswerDeps, answer: HttpAnswer): { readonly blocks: Block[]; readonly structured?: unknown } {
  const { body, status } = answer;
  const type = typeOf(answer);
  // A schema was promised, so there has to be something of its shape.
  const nothing = deps.output === undefined ? {} : { structured: {} };
  if (body.length === 0) {
    const what = deps.isHead ? `, ${describeHead(answer)}` : '';
    return { blocks: [text(`HTTP ${status} ${STATUS_CODES[status] ?? ''}, no content${what}`.trim())], ...nothing };
  }
  if (isTextual(type, body)) {
    const shown = cutText(answer, body.length, deps.secrets);
    const blocks = shown.note === '' ? [text(shown.text)] : [text(shown.text), text(shown.note.trim())];
    const isJson = shown.note === '' && (isJsonType(type) || type === '');
    return { blocks, ...nothing, ...(isJson ? readStructure(deps, shown.text) : {}) };
  }
  if (answer.isCut) {
    const length = String(answer.headers['content-length'] ?? 'more');
    return {
      blocks: [text(`[${type || 'binary'} content of ${length} bytes left out: more than maxResponseBytes]`)],
      ...nothing,
    };
  }
  const data = body.toString('base64');
  if (/^image\/(png|jpeg|gif|webp|avif|bmp)$/.test(type))
    return { blocks: [{ type: 'image', data, mimeType: type }], ...nothing };
  if (type.startsWith('audio/')) return { blocks: [{ type: 'audio', data, mimeType: type }], ...nothing };
  const resource = { uri: deps.resourceUri, mimeType: type || 'application/octet-stream', blob: data };
  return { blocks: [{ type: 'resource', resource }], ...nothing };
}

function readStructure({ output }: AnswerDeps, body: string): { readonly structured?: unknown } {
  let value: unknown;
  try {
    value = parseExactly(body);
  } catch {
    return {};
  }
  if (output === undefined) return isObject(value) ? { structured: value } : {};
  const fitted = fitToSchema(output.isWrapped ? { result: value } : value, output.schema);
  return isObject(fitted) ? { structured: fitted } : {};
}

function typeOf({ headers }: HttpAnswer): string {
  const type = (String(headers['content-type'] ?? '').split(';')[0] ?? '').trim().toLowerCase();
  return /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/.test(type) ? type : '';
}

function isTextual(type: string, body: Buffer): boolean {
  if (type === '') return !body.subarray(0, 1_024).includes(0);
  return (
    isJsonType(type) ||
    type.startsWith('text/') ||
    /[/+](xml|yaml|x-yaml|x-ndjson|ndjson|json-seq|javascript|graphql|sql|toml)$/.test(type) ||
    type === 'application/x-www-form-urlencoded'
  );
}

/** At most `maxBytes`, and a note if that is not all. */
function cutText(answer: HttpAnswer, maxBytes: number, secrets: readonly string[]): { text: string; note: string } {
  const { body, headers } = answer;
  const isCut = answer.isCut || body.length > maxBytes;
  const whole = redactTexts(
    decodeText(body.subarray(0, maxBytes), String(headers['content-type'] ?? '')),
    secrets,
    isCut,
  );
  if (!isCut) return { text: whole, note: '' };
  // A character may have been cut in two.
  const clean = whole.replace(/\ufffd$/, '');
  const length = answer.isCut ? headers['content-length'] : String(body.length);
  return { text: clean, note: `\n[cut off after ${maxBytes} bytes${length === undefined ? '' : ` of ${length}`}]` };
}

function decodeText(bytes: Buffer, contentType: string): string {
  const charset = /charset\s*=\s*"?([\w.:-]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

function tellHeaders(deps: AnswerDeps, { headers }: HttpAnswer): string {
  const names = new Set<string>([...TOLD_HEADERS, ...deps.describedHeaders]);
  names.delete('set-cookie');
  return [...names]
    .filter((name) => headers[name] !== undefined)
    .map((name) => `${name}: ${redactTexts(String(headers[name]).slice(0, MAX_HEADER_CHARS), deps.secrets)}`)
    .join('\n');
}

function describeHead({ headers }: HttpAnswer): string {
  return ['content-type', 'content-length', 'last-modified', 'etag']
    .filter((name) => headers[name] !== undefined)
    .map((name) => `${name}: ${String(headers[name]).slice(0, MAX_HEADER_CHARS)}`)
    .join(', ');
}
