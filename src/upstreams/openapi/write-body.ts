/** The body on the wire: JSON, a form, several parts, text or bytes. */

import { randomUUID } from 'node:crypto';
import { isObject } from '../../lib/is-object.ts';
import { ArgumentError } from './document-error.ts';
import type { BodyPlan, FieldPlan } from './plan-body.ts';
import { encode, pairsOf, plainText } from './write-parameters.ts';

export interface WrittenBody {
  readonly contentType: string;
  readonly content: string | Buffer;
}

/** Undefined: no body is sent. Throws ArgumentError. */
export function writeBody(plan: BodyPlan, args: { readonly [name: string]: unknown }): WrittenBody | undefined {
  const value = takeBody(plan, args);
  if (value === undefined) return undefined;
  const contentType = plan.mediaType;
  switch (plan.kind) {
    case 'json':
      return { contentType, content: JSON.stringify(value) };
    case 'form':
      return { contentType, content: writeForm(plan, membersOf(plan, value)) };
    case 'multipart':
      return writeMultipart(plan, membersOf(plan, value));
    case 'text':
      return { contentType: `${contentType}; charset=utf-8`, content: plainText(value) };
    case 'base64':
      return { contentType, content: decodeBase64('the body', value) };
  }
}

function takeBody({ from, required }: BodyPlan, args: { readonly [name: string]: unknown }): unknown {
  if (from.type === 'whole') return Object.hasOwn(args, from.argument) ? args[from.argument] : undefined;
  const members = Object.entries(args).filter(([name]) => from.names.has(name));
  return members.length > 0 || required ? Object.fromEntries(members) : undefined;
}

function membersOf({ kind }: BodyPlan, value: unknown): [string, unknown][] {
  if (!isObject(value)) throw new ArgumentError(`the body must be an object: it is sent as a ${kind}`);
  return Object.entries(value);
}

function writeForm({ fields }: BodyPlan, members: readonly [string, unknown][]): string {
  return members
    .flatMap(([name, value]) => {
      const field = fields.get(name);
      // Without a style, an object is one value: JSON.
      const style = field?.style ?? (isObject(value) && field?.explode === undefined ? 'json' : 'form');
      return pairsOf(
        { name, argument: name, style, explode: field?.explode ?? style === 'form', encoder: encode },
        value,
      );
    })
    .map((pair) => pair.join('='))
    .join('&');
}

function writeMultipart({ fields }: BodyPlan, members: readonly [string, unknown][]): WrittenBody {
  const boundary = `portcullis-${randomUUID()}`;
  const parts: Buffer[] = [];
  for (const [name, value] of members) {
    const field = fields.get(name);
    for (const each of Array.isArray(value) && !isWhole(field) ? value : [value]) {
      if (each === null || each === undefined) continue;
      parts.push(Buffer.from(`--${boundary}\r\n${describePart(name, each, field)}\r\n\r\n`));
      parts.push(field?.isFile ? decodeBase64(`"${name}"`, each) : Buffer.from(partText(each)), Buffer.from('\r\n'));
    }
  }
  parts.push(Buffer.from(`--${boundary}--\r\n`));
  return { contentType: `multipart/form-data; boundary=${boundary}`, content: Buffer.concat(parts) };
}

/** A list that is said to be JSON is one part. */
const isWhole = (field: FieldPlan | undefined): boolean => field?.contentType === 'application/json';

function partText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : plainText(value);
}

function describePart(name: string, value: unknown, field: FieldPlan | undefined): string {
  // As browsers do it (HTML, "multipart/form-data encoding algorithm").
  const quoted = name.replaceAll('"', '%22').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
  const file = field?.isFile ? `; filename="${quoted}"` : '';
  const type =
    field?.contentType ?? (field?.isFile ? 'application/octet-stream' : isObject(value) ? 'application/json' : '');
  return `content-disposition: form-data; name="${quoted}"${file}${type === '' ? '' : `\r\ncontent-type: ${type}`}`;
}

function decodeBase64(what: string, value: unknown): Buffer {
  const text = typeof value === 'string' ? value.replaceAll(/[\r\n]/g, '') : undefined;
  if (text === undefined || !/^[A-Za-z0-9+/_-]*={0,2}$/.test(text))
    throw new ArgumentError(`${what} must be base64 text`);
  return Buffer.from(text, 'base64');
}
