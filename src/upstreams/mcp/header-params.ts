/** Reads the `x-mcp-header` annotations of a tool's input schema (2026-07-28): which arguments travel as headers too. */

export type HeaderParams = readonly { readonly header: string; readonly path: readonly string[] }[];

export type HeaderParamsResult =
  | { readonly ok: true; readonly params: HeaderParams }
  | { readonly ok: false; readonly reason: string };

const ANNOTATION = 'x-mcp-header';
/** RFC 9110 token. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** `number` is left out on purpose: the revision admits integers only, since two sides may spell a fraction differently. */
const MIRRORED_TYPES: readonly unknown[] = ['string', 'integer', 'boolean'];
/** Keywords under which stand schemas, none of which may be annotated. */
const ONE_OR_MORE = [
  'items',
  'prefixItems',
  'contains',
  'additionalProperties',
  'unevaluatedProperties',
  'unevaluatedItems',
  'propertyNames',
  'oneOf',
  'anyOf',
  'allOf',
  'not',
  'if',
  'then',
  'else',
];
const BY_NAME = ['patternProperties', 'dependentSchemas', '$defs', 'definitions'];
/** Deeper schemas are not looked into; the bound keeps a hostile schema from exhausting the stack. */
const MAX_DEPTH = 64;

/** The annotations that are valid, or why the tool must not be offered to clients of the modern era. */
export function readHeaderParams(inputSchema: unknown): HeaderParamsResult {
  const params: { header: string; path: readonly string[] }[] = [];
  const seen = new Set<string>();

  const visit = (schema: unknown, path: readonly string[], isReachable: boolean, depth: number): string | undefined => {
    if (!isRecord(schema) || depth > MAX_DEPTH) return undefined;
    if (Object.hasOwn(schema, ANNOTATION)) {
      const fault = take(schema, path, isReachable);
      if (fault !== undefined) return fault;
    }
    if (isRecord(schema.properties))
      for (const [name, child] of Object.entries(schema.properties)) {
        const fault = visit(child, [...path, name], isReachable, depth + 1);
        if (fault !== undefined) return fault;
      }
    for (const child of elsewhere(schema)) {
      const fault = visit(child, path, false, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };
  const take = (schema: Schema, path: readonly string[], isReachable: boolean): string | undefined => {
    const header = schema[ANNOTATION];
    if (!isReachable || path.length === 0) return `${ANNOTATION} stands where only properties steps may lead`;
    if (typeof header !== 'string' || !TOKEN.test(header))
      return `${ANNOTATION} at ${path.join('.')} is no header token`;
    if (!MIRRORED_TYPES.includes(schema.type))
      return `${ANNOTATION} at ${path.join('.')} is on no string, integer or boolean`;
    if (seen.has(header.toLowerCase())) return `${ANNOTATION} ${header} stands twice`;
    seen.add(header.toLowerCase());
    params.push({ header, path });
    return undefined;
  };

  const reason = visit(inputSchema, [], true, 0);
  return reason === undefined ? { ok: true, params } : { ok: false, reason };
}

type Schema = { readonly [key: string]: unknown };

function isRecord(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function elsewhere(schema: Schema): unknown[] {
  return [
    ...ONE_OR_MORE.flatMap((key) => schema[key] ?? []),
    ...BY_NAME.flatMap((key) => (isRecord(schema[key]) ? Object.values(schema[key]) : [])),
  ];
}
