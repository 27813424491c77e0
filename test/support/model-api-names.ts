/** Which names of tools the model APIs take: their published grammars, and a check of a whole list. */

import assert from 'node:assert/strict';

/** By API, as published (read in November 2026). */
export const MODEL_API_NAMES: { readonly [api: string]: RegExp } = {
  /** "Must be a-z, A-Z, 0-9, or contain underscores and dashes, with a maximum length of 64": API reference, FunctionObject.name. */
  openai: /^[a-zA-Z0-9_-]{1,64}$/,
  /** "Must match the regex": API reference, Messages, Tool.name. */
  anthropic: /^[a-zA-Z0-9_-]{1,64}$/,
  /**
   * "Must start with a letter or an underscore. Must be a-z, A-Z, 0-9, or contain underscores, dots, colons and dashes, with
   * a maximum length of 64": Vertex AI and Gemini API, FunctionDeclaration.name. Older answers of the API take no colons.
   */
  gemini: /^[a-zA-Z_][a-zA-Z0-9_.-]{0,63}$/,
  /** Length 1 to 64, pattern `[a-zA-Z0-9_-]+`: Bedrock API reference, runtime (Converse) ToolSpecification.name. */
  bedrock: /^[a-zA-Z0-9_-]{1,64}$/,
};

/** Every name is one that every API takes, and no two are the same, even to those who do not tell case. */
export function assertUsableNames(names: readonly string[]): void {
  for (const [api, grammar] of Object.entries(MODEL_API_NAMES))
    assert.deepEqual(
      names.filter((name) => !grammar.test(name)),
      [],
      `names that ${api} refuses`,
    );
  const seen = new Map<string, string>();
  for (const name of names) {
    const other = seen.get(name.toLowerCase());
    assert.equal(other, undefined, `${name} and ${other} are one name to some`);
    seen.set(name.toLowerCase(), name);
  }
}
