/** What the servers of the script suite are made of: tools with answers of the shape that the published servers give. */

export type Arguments = { readonly [name: string]: unknown };

export interface RecordedTool {
  readonly description: string;
  /** Types by name; `?` marks what is optional. The published definition takes their place where it is at hand. */
  readonly parameters: { readonly [name: string]: 'string' | 'number' | 'boolean' | 'array' | 'object' };
  /** A text is sent as it is, anything else as JSON text. Throws ToolFault. */
  readonly answer: (args: Arguments) => unknown;
  /** It is sent as structured content, too. */
  readonly structured?: true;
}

export type RecordedServer = { readonly [tool: string]: RecordedTool };

/** What a server answers with `isError`. */
export class ToolFault extends Error {
  override readonly name = 'ToolFault';
}

const DAY_MS = 86_400_000;

/** So many days before now, as APIs write it. */
export const daysAgo = (days: number): string =>
  new Date(Date.now() - days * DAY_MS).toISOString().replace(/\.\d+Z$/, 'Z');

/** `page` counts from 1. */
export function pageOf<T>(all: readonly T[], page: unknown, size: unknown, fallback: number): readonly T[] {
  const each = typeof size === 'number' ? size : fallback;
  const from = ((typeof page === 'number' ? page : 1) - 1) * each;
  return all.slice(from, from + each);
}
