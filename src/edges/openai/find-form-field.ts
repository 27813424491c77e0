/**
 * Where the value of one field stands in a form (`multipart/form-data`, RFC 7578), so that it can be replaced and every other
 * byte stays. Strict: a form that two readers could read differently is refused.
 */

import { isUtf8 } from 'node:buffer';
import { GatewayError } from '../../contracts/errors.ts';

export interface FormField {
  /** Offsets of the value's bytes; `end` is exclusive. */
  readonly start: number;
  readonly end: number;
  readonly value: string;
}

const MAX_PART_HEAD_BYTES = 16 * 1024;
const MAX_PARTS = 1_000;
const CRLF = '\r\n';

/** Undefined: there is no such field. Throws GatewayError `invalid_params`. */
export function findFormField(body: Buffer, contentType: string, field: string): FormField | undefined {
  const delimiter = `--${readBoundary(contentType)}`;
  let found: FormField | undefined;
  // Nothing may stand before the first delimiter: some would read it, some would not.
  if (!startsWith(body, delimiter, 0)) throw malformed('it does not begin with its boundary');
  let at = delimiter.length;
  for (let parts = 0; !startsWith(body, '--', at); parts++) {
    if (parts === MAX_PARTS) throw malformed(`more than ${MAX_PARTS} parts`);
    if (!startsWith(body, CRLF, at)) throw malformed('a boundary without a line of its own');
    const headEnd = body.indexOf('\r\n\r\n', at);
    if (headEnd === -1 || headEnd - at > MAX_PART_HEAD_BYTES) throw malformed('a part without an end to its head');
    const start = headEnd + 4;
    const end = body.indexOf(CRLF + delimiter, start);
    if (end === -1) throw malformed('a part without an end');
    const { name, isFile } = readPartHead(body.toString('utf8', at + CRLF.length, headEnd));
    if (name === field) {
      if (found !== undefined) throw malformed(`${field} stands twice`);
      if (isFile) throw malformed(`${field} is a file`);
      if (!isUtf8(body.subarray(start, end))) throw malformed(`${field} is not UTF-8`);
      found = { start, end, value: body.toString('utf8', start, end) };
    }
    at = end + CRLF.length + delimiter.length;
  }
  return found;
}

function readBoundary(contentType: string): string {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"\\]+)"|([^\s;"]+))/i.exec(contentType) ?? [];
  const boundary = quoted ?? plain ?? '';
  if (!/^[\x20-\x7e]{1,70}$/.test(boundary)) throw malformed('Content-Type names no boundary');
  return boundary;
}

function readPartHead(head: string): { readonly name: string; readonly isFile: boolean } {
  let disposition: string | undefined;
  for (const line of head.split(CRLF)) {
    const [, header, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*)$/.exec(line) ?? [];
    if (header === undefined || value === undefined || /[\r\n]/.test(value)) throw malformed('the head of a part');
    const lower = header.toLowerCase();
    if (lower === 'content-transfer-encoding' && !/^(7bit|8bit|binary)$/i.test(value.trim()))
      throw malformed('a part with a transfer encoding');
    if (lower !== 'content-disposition') continue;
    if (disposition !== undefined) throw malformed('a part with two dispositions');
    disposition = value;
  }
  const parameters = DISPOSITION.exec(disposition?.trim() ?? '');
  if (parameters === null) throw malformed('the disposition of a part');
  let name: string | undefined;
  let isFile = false;
  for (const [, key = '', quoted, plain] of (parameters[1] ?? '').matchAll(PARAMETER)) {
    const lower = key.toLowerCase();
    if (lower.startsWith('filename')) isFile = true;
    if (lower === 'name*') throw malformed('a name in an encoding');
    if (lower !== 'name') continue;
    if (name !== undefined) throw malformed('a part with two names');
    name = quoted ?? plain ?? '';
    if (name.includes('\\')) throw malformed('a name with an escape');
  }
  if (name === undefined) throw malformed('a part without a name');
  return { name, isFile };
}

/** At most one blank at a place, so that there is only one way to match. */
const DISPOSITION = /^form-data((?: ?; ?[a-zA-Z*]+=(?:"(?:[^"\\]|\\.)*"|[^\s;"]*))*);?$/i;
const PARAMETER = /; ?([a-zA-Z*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))/g;

function startsWith(body: Buffer, text: string, at: number): boolean {
  return body.toString('latin1', at, at + text.length) === text;
}

function malformed(what: string): GatewayError {
  return new GatewayError('invalid_params', `the form cannot be read: ${what}`);
}
