/** From what zod found to a sentence for people: what was expected, what stands there, and what to do. */

import { z } from 'zod';
import { closest } from '../../lib/closest.ts';
import type { JsoncNode } from '../../lib/jsonc.ts';
import { nodeAt, type Path, type Report } from './report.ts';
import { knownFields, suggestField } from './suggest-field.ts';

const WORDS: { readonly [type: string]: string } = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list […]',
  object: 'an object {…}',
  record: 'an object {…}',
};

/** How a thing in the file is called. Its content is never repeated: it may be a secret. */
export function describeKind(node: JsoncNode | undefined): string {
  if (node === undefined) return 'nothing';
  if (node.type === 'object') return 'an object {…}';
  if (node.type === 'array') return 'a list […]';
  if (node.value === null) return 'null';
  if (typeof node.value === 'boolean') return String(node.value);
  if (typeof node.value === 'number') return 'a number';
  return node.value.includes('${') ? 'a reference that stands for other text' : 'a string';
}

/** What a schema was applied to: `node` stands at `base`, and `fields` are what its object may hold. */
interface Part {
  readonly base: Path;
  readonly node: JsoncNode | undefined;
  readonly fields: readonly string[];
  readonly schema: z.ZodType;
}

/** What an object further inside may hold; undefined: that cannot be told. */
function fieldsAt(schema: z.ZodType, path: Path): readonly string[] | undefined {
  let at: unknown = schema;
  for (const step of [...path, undefined]) {
    while (
      at instanceof z.ZodOptional ||
      at instanceof z.ZodDefault ||
      at instanceof z.ZodPrefault ||
      at instanceof z.ZodNullable
    )
      at = at.unwrap();
    if (step === undefined) break;
    if (at instanceof z.ZodObject) at = at.shape[step];
    else if (at instanceof z.ZodRecord) at = at.valueType;
    else if (at instanceof z.ZodArray) at = at.element;
    else return undefined;
  }
  return at instanceof z.ZodObject ? Object.keys(at.shape) : undefined;
}

/** Reports one issue as one problem, or, for unknown fields, as one for each. */
export function reportIssue(report: Report, issue: z.core.$ZodIssue, part: Part): void {
  const inner = issue.path.filter((each) => typeof each !== 'symbol');
  const path = [...part.base, ...inner];
  const found = part.node === undefined ? undefined : nodeAt(part.node, inner);
  if (issue.code !== 'unrecognized_keys') {
    const [message, remedy] = describeIssue(issue, found, path.at(-1));
    report.problem(path, message, remedy);
    return;
  }
  for (const key of issue.keys) {
    if (report.isFull()) return;
    const member = found?.type === 'object' ? found.members.findLast((each) => each.key === key) : undefined;
    const at = [...path, key];
    const fields = inner.length === 0 ? part.fields : (fieldsAt(part.schema, inner) ?? []);
    const remedy = suggestField(at, fields, member?.value);
    const known = fields.length === 0 ? '' : `; known here: ${knownFields(fields)}`;
    report.problem(at, `unknown field${known}`, remedy, member?.keyStart);
  }
}

/** What a length is counted in. */
const UNITS: { readonly [origin: string]: string } = { array: ' entries', string: ' characters' };

type Words = readonly [message: string, remedy?: string | undefined];

function describeIssue(
  issue: z.core.$ZodIssue,
  found: JsoncNode | undefined,
  field: string | number | undefined,
): Words {
  switch (issue.code) {
    case 'invalid_type': {
      const wanted = WORDS[issue.expected] ?? issue.expected;
      if (found === undefined) return [`is missing; expected ${wanted}`];
      return [`expected ${wanted}, got ${describeKind(found)}`, suggestType(issue.expected, found, field)];
    }
    case 'invalid_union':
      return [`${issue.message}, got ${describeKind(found)}`, suggestType('string', found, field)];
    case 'invalid_value': {
      const values = issue.values.map(String);
      const written = found?.type === 'scalar' && typeof found.value === 'string' ? found.value : undefined;
      const near = written === undefined ? undefined : closest(written, values);
      const got = written === undefined ? `, got ${describeKind(found)}` : '';
      return [
        `expected one of ${values.map((value) => `"${value}"`).join(', ')}${got}`,
        near === undefined ? undefined : `did you mean "${near}"?`,
      ];
    }
    case 'too_small':
      if (issue.origin === 'string')
        return [
          found?.type === 'scalar' && found.value === ''
            ? 'is empty'
            : `is too short; expected at least ${issue.minimum} characters`,
        ];
      return [issue.origin === 'array' ? 'is empty' : `must be at least ${issue.minimum}`];
    case 'too_big':
      return [`must be at most ${issue.maximum}${UNITS[issue.origin] ?? ''}`];
    case 'invalid_key':
      return ['is no name that can stand here', issue.issues[0]?.message];
    default:
      return [issue.message];
  }
}

function suggestType(
  expected: string,
  found: JsoncNode | undefined,
  field: string | number | undefined,
): string | undefined {
  if (found === undefined) return undefined;
  if (expected === 'array' && found.type === 'scalar' && typeof found.value === 'string')
    return 'put it into a list, one item each: ["…", "…"]';
  if (expected === 'string' && found.type === 'array')
    return field === 'command' ? 'put the first item here and the others into "args"' : 'write a single string here';
  if (expected === 'object' && found.type === 'scalar' && (field === 'database' || field === 'redis'))
    return 'write { "url": "…" }';
  if (expected === 'record' && field === 'headers' && found.type === 'array') return 'write { "Name": "value" }';
  if (expected === 'record' && field === 'env' && found.type === 'array') return 'write { "NAME": "value" }';
  if (found.type !== 'scalar') return undefined;
  if (expected === 'string' && (typeof found.value === 'number' || typeof found.value === 'boolean'))
    return 'put it in double quotes';
  if ((expected === 'int' || expected === 'number') && typeof found.value === 'string' && /^\d+$/.test(found.value))
    return 'leave out the quotes';
  if (expected === 'boolean' && (found.value === 'true' || found.value === 'false'))
    return `write ${found.value} without quotes`;
  return found.value === null ? 'leave the field out' : undefined;
}
