/** Paths of Gemini's API: which model, which operation. A name may hold slashes and colons; the operation stands last. */

import { readModelPath } from '../models/model-path.ts';

export const METHODS = [
  'generateContent',
  'streamGenerateContent',
  'countTokens',
  'embedContent',
  'batchEmbedContents',
] as const;
export type GeminiMethod = (typeof METHODS)[number];

export type GeminiPath =
  | { readonly type: 'method'; readonly model: string; readonly method: GeminiMethod }
  /** `model` undefined: all of them. `shared`: `/v1/models`, which other APIs have, too. */
  | { readonly type: 'models'; readonly model: string | undefined; readonly shared: boolean };

/** Undefined: no path of Gemini's API. */
export function readGeminiPath(segments: readonly string[]): GeminiPath | undefined {
  const path = readModelPath(segments);
  if (path === undefined || (path.api !== undefined && path.api !== 'gemini')) return undefined;
  const name = path.rest.join('/');
  const colon = name.lastIndexOf(':');
  const method = colon === -1 ? undefined : METHODS.find((each) => each === name.slice(colon + 1));
  if (method !== undefined) return { type: 'method', model: bareModel(name.slice(0, colon)), method };
  if (name !== 'models' && !name.startsWith('models/')) return undefined;
  return { type: 'models', model: name === 'models' ? undefined : bareModel(name), shared: path.api === undefined };
}

/** `models/m`, `publishers/google/models/m` and, as the AI SDK writes a name with a slash, `provider/m` itself. */
export function bareModel(name: string): string {
  return name.replace(/^(?:(?:projects\/[^/]+\/locations\/[^/]+\/)?publishers\/[^/]+\/)?models\//, '');
}
