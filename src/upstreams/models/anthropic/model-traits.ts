/** What Claude models take, by name: which way of thinking, which sampling, how much output. One row per family, newest first. */

export interface ModelTraits {
  /** The most it produces, which is asked for where a client names no limit. */
  readonly maxOutputTokens: number;
  /** `adaptive`: told by effort; `budget`: by a number of tokens; `none`: it does not think. */
  readonly thinking: 'adaptive' | 'budget' | 'none';
  /** It can be told not to think. */
  readonly canRest: boolean;
  /** Takes a budget of tokens, too. */
  readonly budget: boolean;
  /** `temperature` and `top_p`: either way, one of them, or neither. */
  readonly sampling: 'both' | 'one' | 'none';
  /** Output held to a JSON Schema. */
  readonly schemas: boolean;
}

const adaptive: ModelTraits = {
  ...{ maxOutputTokens: 128_000, thinking: 'adaptive', canRest: true, budget: true, sampling: 'none', schemas: true },
};
const thinkingAlways: ModelTraits = { ...adaptive, canRest: false, budget: false };
const budgeted: ModelTraits = {
  ...{ maxOutputTokens: 64_000, thinking: 'budget', canRest: true, budget: true, sampling: 'one', schemas: true },
};
const old: ModelTraits = {
  ...{ maxOutputTokens: 4_096, thinking: 'none', canRest: true, budget: false, sampling: 'both', schemas: false },
};

/** As stated in the vendor's model pages and its SDKs in November 2026; the first that fits. */
const FAMILIES: readonly (readonly [name: RegExp, traits: ModelTraits])[] = [
  [/claude-(sonnet|opus)-5-5|claude-fable-5/, thinkingAlways],
  [/claude-haiku-5-5/, { ...adaptive, budget: false }],
  [/claude-(sonnet|opus)-4-6/, { ...adaptive, sampling: 'one' }],
  [/claude-(sonnet|opus|haiku)-4-5/, budgeted],
  [/claude-opus-4-1(?!\d)/, { ...budgeted, maxOutputTokens: 32_000 }],
  [/claude-opus-4-[78]/, adaptive],
  [/claude-sonnet-4(-2|@|$|-0)/, { ...budgeted, sampling: 'both', schemas: false }],
  [/claude-opus-4(-2|@|$|-0)/, { ...budgeted, maxOutputTokens: 32_000, sampling: 'both', schemas: false }],
  [/claude-3-7/, { ...budgeted, sampling: 'both', schemas: false }],
  [/claude-3-5/, { ...old, maxOutputTokens: 8_192 }],
  [/claude-(3|2|instant|v2)/, old],
  [/claude-/, adaptive],
];

/** Of a model that speaks this dialect and is no Claude: nothing is left out for it. */
const STRANGER: ModelTraits = { ...budgeted, maxOutputTokens: 8_192, sampling: 'both' };

/** `model` as Anthropic, Vertex (`…@20251101`) or Bedrock (`anthropic.…-v1:0`) name it. */
export function traitsOf(model: string): ModelTraits {
  return FAMILIES.find(([name]) => name.test(model))?.[1] ?? STRANGER;
}
