/** A request's path, query and body against the schemas of its operation: everything that is wrong with it, at once. */

import type { z } from 'zod';
import { GatewayError } from '../../contracts/errors.ts';
import { AmbiguousJsonError, readExactJson } from '../../lib/exact-json.ts';
import { measureDepth } from '../../lib/json-text.ts';
import type { Operation } from './define-operation.ts';
import { faulty, pointerOf, type RequestFault } from './problem.ts';

const MAX_DEPTH = 32;
const MAX_FAULTS = 50;

export interface RawRequest {
  readonly params: { readonly [name: string]: string };
  readonly query: URLSearchParams;
  /** Undefined: none was sent. */
  readonly body: string | undefined;
}

export interface ReadRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** Throws GatewayError `parse_error`, `invalid_params`. */
export function readRequest(operation: Operation, raw: RawRequest): ReadRequest {
  const faults: RequestFault[] = [];
  const params = check(operation.params, raw.params, 'path', faults);
  const query = check(operation.query, readQuery(raw.query, faults), 'query', faults);
  let body: unknown;
  if (operation.body === undefined) {
    if (raw.body !== undefined && raw.body.trim() !== '')
      faults.push({ in: 'body', pointer: '', detail: 'this operation takes no body' });
  } else body = check(operation.body, readJson(raw.body ?? '', faults), 'body', faults);
  if (faults.length > 0) throw faulty(faults.slice(0, MAX_FAULTS));
  return { params, query, body };
}

/** Whatever `value` is once it fits; undefined where it does not. */
function check(schema: z.ZodType, value: unknown, place: RequestFault['in'], faults: RequestFault[]): unknown {
  if (value === UNREADABLE) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) faults.push(...faultsOf(issue, place));
  return undefined;
}

function faultsOf(issue: z.core.$ZodIssue, place: RequestFault['in']): readonly RequestFault[] {
  const name = (path: readonly PropertyKey[]): string =>
    place === 'body' ? pointerOf(path) : path.map(String).join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      in: place,
      pointer: name([...issue.path, key]),
      detail: place === 'body' ? 'there is no such member' : 'there is no such parameter',
    }));
  return [{ in: place, pointer: name(issue.path), detail: issue.message }];
}

/** Stands for what could not be read, and was reported. */
const UNREADABLE = Symbol('unreadable');

function readQuery(query: URLSearchParams, faults: RequestFault[]): unknown {
  const values = new Map<string, string>();
  for (const [name, value] of query) {
    if (values.has(name)) faults.push({ in: 'query', pointer: name, detail: 'stands twice' });
    else values.set(name, value);
    const wrong = faultOfText(name) ?? faultOfText(value);
    if (wrong !== undefined) faults.push({ in: 'query', pointer: name.toWellFormed(), detail: wrong });
  }
  return Object.fromEntries(values);
}

/** Throws GatewayError `parse_error`: then there is nothing to point into. */
function readJson(text: string, faults: RequestFault[]): unknown {
  if (measureDepth(text, MAX_DEPTH) > MAX_DEPTH) {
    faults.push({ in: 'body', pointer: '', detail: `nested deeper than ${MAX_DEPTH} levels` });
    return UNREADABLE;
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
    readExactJson(text);
  } catch (error) {
    if (error instanceof AmbiguousJsonError) faults.push({ in: 'body', pointer: '', detail: error.message });
    else throw new GatewayError('parse_error', undefined, { cause: error });
    return UNREADABLE;
  }
  findUnfit(value, [], faults);
  return value;
}

/** What no store could give back as it came: NUL, lone surrogates, infinite numbers, and the one name that is no member. */
function findUnfit(value: unknown, path: readonly PropertyKey[], faults: RequestFault[]): void {
  const report = (detail: string, at = path): void =>
    void (faults.length < MAX_FAULTS && faults.push({ in: 'body', pointer: pointerOf(at).toWellFormed(), detail }));
  if (typeof value === 'number' && !Number.isFinite(value)) report('is too large a number');
  if (typeof value === 'string') {
    const wrong = faultOfText(value);
    if (wrong !== undefined) report(wrong);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, each] of Object.entries(value)) {
    const at = [...path, name];
    const wrong = name === '__proto__' ? 'there is no such member' : faultOfText(name);
    if (wrong !== undefined) report(wrong, at);
    else findUnfit(each, at, faults);
  }
}

function faultOfText(text: string): string | undefined {
  if (text.includes('\0')) return 'holds a NUL character';
  return text.isWellFormed() ? undefined : 'holds half of a surrogate pair';
}
