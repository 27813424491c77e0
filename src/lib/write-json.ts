/** JSON of a value in which some parts stand ready as text, so that they keep their spelling: numbers, order, white space. */

const TEXT = Symbol('json text');

/** A part that is written as it is. */
export interface ReadyJson {
  readonly [TEXT]: string;
}

/** `text` must be one valid JSON document. */
export function readyJson(text: string): ReadyJson {
  return { [TEXT]: text };
}

/** As `JSON.stringify`, but for ready parts. The value's depth must be bounded. */
export function writeJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (TEXT in value) return String(value[TEXT]);
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`;
  let members = '';
  for (const [key, member] of Object.entries(value))
    if (member !== undefined) members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${writeJson(member)}`;
  return `{${members}}`;
}
