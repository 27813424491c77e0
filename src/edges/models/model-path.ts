/** Paths of model APIs: SDKs append their own to whatever base URL they are given, so each is found with and without a prefix. */

/** Which API a path was addressed to; undefined: none was named, `/v1/…` alone. */
export type ModelApi = 'openai' | 'anthropic' | 'gemini';

export interface ModelPath {
  readonly api: ModelApi | undefined;
  /** What stands after prefix and version: `['chat', 'completions']`. */
  readonly rest: readonly string[];
}

const VERSIONS: ReadonlySet<string> = new Set(['v1', 'v1beta', 'v1alpha']);

/**
 * `/v1/chat/completions`, `/openai/v1/chat/completions`, `/openai/chat/completions`, `/v1beta/models/m:generateContent`, …
 * Undefined: no path of a model API.
 */
export function readModelPath(segments: readonly string[]): ModelPath | undefined {
  const [first = '', second = ''] = segments;
  if (VERSIONS.has(first)) return { api: first === 'v1' ? undefined : 'gemini', rest: segments.slice(1) };
  if (first !== 'openai' && first !== 'anthropic' && first !== 'gemini') return undefined;
  return { api: first, rest: segments.slice(VERSIONS.has(second) ? 2 : 1) };
}
