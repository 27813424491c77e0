/** From the text of a document to a value whose size is known: JSON or YAML, OpenAPI 3.0 or 3.1, nothing hidden in aliases. */

import { parseDocument as parseYaml } from 'yaml';
import type { JsonObject } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { measureDepth } from '../../lib/json-text.ts';
import { DocumentError } from './document-error.ts';

/** Largest document, whichever its form. */
export const MAX_DOCUMENT_BYTES = 16_777_216;
/** YAML takes about half a second per megabyte to read, during which nothing else happens. */
export const MAX_YAML_CHARS = 2_097_152;
const MAX_DEPTH = 100;
/** Values in the document, each alias counted with all it stands for. */
const MAX_VALUES = 1_000_000;
/** How often an anchor may be used, multiplied over nested ones. */
const MAX_ALIASES = 10_000;

export interface ApiDocument {
  readonly root: JsonObject;
  /** 3.0 has its own dialect of JSON Schema; 3.1 and later have the real one. */
  readonly dialect: '3.0' | '3.1';
  readonly title: string;
  readonly description: string | undefined;
  readonly version: string;
}

/** Throws DocumentError. */
export function parseApiDocument(text: string): ApiDocument {
  const root = /^\s*\{/.test(text) ? parseJson(text) : parseYamlText(text);
  if (!isObject(root)) throw new DocumentError('the document is no object, so it is no OpenAPI document');
  checkSize(root);
  const { openapi, swagger, info } = root;
  if (swagger !== undefined)
    throw new DocumentError(
      `the document is Swagger ${textOf(swagger).slice(0, 10)}; convert it to OpenAPI 3, for example with swagger2openapi`,
    );
  if (openapi === undefined)
    throw new DocumentError('the document has no "openapi" member, so it is no OpenAPI document');
  const version = textOf(openapi);
  if (!/^3\.\d/.test(version))
    throw new DocumentError(`the document is OpenAPI ${version.slice(0, 10)}; 3.0 and 3.1 are understood`);
  const about = isObject(info) ? info : {};
  return {
    root,
    dialect: version.startsWith('3.0') ? '3.0' : '3.1',
    title: typeof about.title === 'string' ? about.title : 'OpenAPI',
    description: typeof about.description === 'string' ? about.description : undefined,
    version: typeof about.version === 'string' ? about.version : '0',
  };
}

function parseJson(text: string): unknown {
  if (measureDepth(text, MAX_DEPTH) > MAX_DEPTH)
    throw new DocumentError(`the document is nested deeper than ${MAX_DEPTH}`);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // Flow style YAML begins with a brace too.
    return parseYamlText(text);
  }
}

function parseYamlText(text: string): unknown {
  if (text.length > MAX_YAML_CHARS)
    throw new DocumentError(`the document is YAML of more than ${MAX_YAML_CHARS} characters; give it as JSON`);
  try {
    // Looking for keys that stand twice would take time that grows with the square of a mapping.
    const yaml = parseYaml(text, { uniqueKeys: false, merge: true, prettyErrors: false, logLevel: 'silent' });
    const [error] = yaml.errors;
    if (error !== undefined) throw new Error(`${error.message} (${describePlace(text, error.pos[0])})`);
    return yaml.toJS({ maxAliasCount: MAX_ALIASES }) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, 120) : 'unknown';
    throw new DocumentError(`the document is neither JSON nor YAML that can be read: ${reason}`);
  }
}

function describePlace(text: string, offset: number): string {
  return `line ${text.slice(0, offset).split('\n').length}`;
}

/** Counts as a reader would who follows every alias; also ends where one stands for itself. */
function checkSize(root: unknown): void {
  let left = MAX_VALUES;
  const visit = (value: unknown, depth: number): void => {
    if (--left < 0) throw new DocumentError(`the document holds more than ${MAX_VALUES} values`);
    if (typeof value !== 'object' || value === null) return;
    if (depth >= MAX_DEPTH) throw new DocumentError(`the document is nested deeper than ${MAX_DEPTH}`);
    for (const each of Object.values(value)) visit(each, depth + 1);
  };
  visit(root, 0);
}

/** A version as it was written; YAML makes a number of `3.1`, and an object may have no text at all. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
