/** The shape of JSON values as scripts see them: read from schemas, learnt from results, rendered as types. */

export type Shape =
  | { readonly type: 'any' | 'str' | 'int' | 'float' | 'bool' | 'none' }
  | { readonly type: 'literal'; readonly values: readonly (string | number | boolean)[] }
  | { readonly type: 'list'; readonly of: Shape }
  /** Keys that are data. */
  | { readonly type: 'map'; readonly of: Shape }
  | { readonly type: 'object'; readonly members: readonly ShapeMember[] }
  | { readonly type: 'union'; readonly of: readonly Shape[] };

export interface ShapeMember {
  readonly name: string;
  readonly shape: Shape;
  readonly optional: boolean;
}

export const ANY: Shape = { type: 'any' };

/** Equal for equal shapes. */
export const shapeKey = (shape: Shape): string => JSON.stringify(shape);

/** One of several; what is said twice counts once, and `any` swallows all. */
export function unionOf(shapes: readonly Shape[]): Shape {
  const flat = shapes.flatMap((shape) => (shape.type === 'union' ? shape.of : [shape]));
  if (flat.some(({ type }) => type === 'any')) return ANY;
  const literals = flat.flatMap((shape) => (shape.type === 'literal' ? shape.values : []));
  const rest = flat.filter(({ type }) => type !== 'literal');
  const all = literals.length === 0 ? rest : [{ type: 'literal', values: [...new Set(literals)] } as const, ...rest];
  const [only, ...more] = [...new Map(all.map((shape) => [shapeKey(shape), shape])).values()];
  if (only === undefined) return ANY;
  return more.length === 0 ? only : { type: 'union', of: [only, ...more] };
}
