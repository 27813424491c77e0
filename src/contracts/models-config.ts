/** Providers of models, and what the configuration says of calls to them. */

import { SHOWN_MODES } from './codemode.ts';
import type { Secret } from './secret.ts';

/** Wires a provider may speak. A vendor that differs from another by URL and key only is a row of presets, not a type. */
export const PROVIDER_TYPES = [
  'openai',
  'azure',
  'anthropic',
  'gemini',
  'vertex',
  'bedrock',
  'cohere',
  'fake',
] as const;
export type ProviderType = (typeof PROVIDER_TYPES)[number];

/** One key of a provider. */
export interface ProviderKey {
  /** Stands in records; unique within the provider. */
  readonly name: string;
  readonly value: Secret;
  /** Share of the calls relative to the other keys. Default 1. */
  readonly weight: number;
  /** Patterns of the provider's own model names that it may be used for. Default `*`. */
  readonly models: readonly string[];
}

/** How we prove ourselves where a key in a header is not enough. */
export type CloudCredentials =
  | {
      readonly type: 'aws';
      readonly region: string;
      /** Undefined: a key of the provider is a Bedrock API key, sent as bearer. */
      readonly accessKeyId: Secret | undefined;
      readonly secretAccessKey: Secret | undefined;
      readonly sessionToken: Secret | undefined;
    }
  | {
      readonly type: 'google';
      readonly project: string;
      readonly location: string;
      /** Text of a service account's JSON key. Undefined: a key of the provider is an access token. */
      readonly serviceAccount: Secret | undefined;
    };

export interface ProviderConfig {
  /** `[a-z0-9_-]{1,32}`; what stands before the slash in `provider/model`. */
  readonly id: string;
  readonly type: ProviderType;
  readonly enabled: boolean;
  /** Name of the row of presets it was made from: `groq`. Undefined: none. */
  readonly preset: string | undefined;
  /** Without trailing slash: `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  readonly keys: readonly ProviderKey[];
  /** Sent with every request, after ours. */
  readonly headers: { readonly [name: string]: Secret };
  readonly cloud: CloudCredentials | undefined;
  /** Azure: `api-version`; Undefined: the v1 surface, which needs none. */
  readonly apiVersion: string | undefined;
  /** Own names of models it has, with `*`. Bare model names of clients are looked up here. Empty: any. */
  readonly models: readonly string[];
  /** OpenAI-compatible: members of a request to leave out or rename for it, from its preset or the file. */
  readonly quirks: ProviderQuirks;
  /** Whole call, all attempts at this provider. Default 600,000 ms. */
  readonly timeoutMs: number;
  /** Default 120,000 ms. */
  readonly firstByteTimeoutMs: number;
  /** Between two pieces of an answer. Default 120,000 ms. */
  readonly idleTimeoutMs: number;
  /** Further tries after a failure that may pass, at this provider. Default 2. */
  readonly maxRetries: number;
  /** Of one whole (not streamed) answer. Default 67,108,864. */
  readonly maxAnswerBytes: number;
  readonly circuitBreaker: { readonly failures: number; readonly openMs: number };
}

/** Where an OpenAI-compatible vendor differs. */
export interface ProviderQuirks {
  /** Members of the request it refuses: left out, and reported as dropped. */
  readonly refuses: readonly string[];
  /** Member to the name it has there: `max_completion_tokens` to `max_tokens`. */
  readonly renames: { readonly [member: string]: string };
  /** Members it takes besides OpenAI's, where we translate: `top_k`, `reasoning_content` (earlier thinking is sent back). */
  readonly takes?: readonly string[] | undefined;
  /** It understands `stream_options.include_usage`. Default true. */
  readonly streamUsage: boolean;
  /** Surfaces it has besides chat. */
  readonly has: readonly (
    | 'responses'
    | 'embeddings'
    | 'models'
    | 'audio'
    | 'images'
    | 'moderations'
    | 'files'
    | 'rerank'
  )[];
}

/** Where a model call may go: `provider/model`, with its share among several. */
export interface ModelTarget {
  readonly provider: string;
  /** The provider's own name. For a wildcard alias `*` stands for what the `*` of its name matched. */
  readonly model: string;
  /** Default 1. */
  readonly weight: number;
}

/** A name of ours for one or several models. */
export interface ModelAlias {
  /** `fast`, or with one `*`: `claude-*`. */
  readonly name: string;
  readonly targets: readonly ModelTarget[];
  /** Tried in order when all targets failed. */
  readonly fallbacks: readonly ModelTarget[];
}

/** What is tried after a model that failed, wherever it was asked for by its own name. */
export interface FallbackRule {
  /** Pattern over `provider/model`. */
  readonly source: string;
  readonly targets: readonly ModelTarget[];
}

/**
 * What the condition of a rule may name. `headers` are the client's `x-…` and `user-agent`, never what it proves itself with.
 * `request.tokens` is estimated, a token for four characters of text; `dialect` is '' for what is passed through.
 */
export const ROUTE_VARIABLES = {
  // How much is used of the key's budget that is nearest to its end, in per cent; 0 where it has none.
  key: { name: 'string', budgetUsedPercent: 'int' },
  model: 'string',
  headers: 'map',
  request: {
    operation: 'string',
    dialect: 'string',
    stream: 'bool',
    hasTools: 'bool',
    hasImages: 'bool',
    tokens: 'int',
  },
} as const;

/** The first rule whose condition holds decides where a call goes. */
export interface RouteRule {
  readonly name: string;
  /** CEL over `ROUTE_VARIABLES`; one that has no answer (no such header) does not hold. */
  readonly when: string;
  readonly targets: readonly ModelTarget[];
  readonly fallbacks: readonly ModelTarget[];
}

/** How the gateway's tools are added to model requests. */
export const TOOL_MODES = ['off', ...SHOWN_MODES] as const;
export type ToolMode = (typeof TOOL_MODES)[number];

/** What one model costs; micro-dollars per million tokens unless said otherwise. Undefined members cost what is stated. */
export interface ModelPrice {
  readonly inputMicroUsdPerMillion: number;
  readonly outputMicroUsdPerMillion: number;
  /** Default: as input. */
  readonly cachedMicroUsdPerMillion?: number | undefined;
  /** Default: as input. */
  readonly cacheWriteMicroUsdPerMillion?: number | undefined;
  /** Default: as a cache write. */
  readonly cacheWrite1hMicroUsdPerMillion?: number | undefined;
  /** Each call, besides its tokens. Default 0. */
  readonly perCallMicroUsd?: number | undefined;
}

export interface ModelsConfig {
  readonly aliases: readonly ModelAlias[];
  readonly fallbacks: readonly FallbackRule[];
  readonly routes: readonly RouteRule[];
  /** Overrides of the catalogue, by pattern over `provider/model`; the first that fits. */
  readonly prices: readonly { readonly source: string; readonly price: ModelPrice }[];
  /** Default `off`: tools are added where a request or its key asks for them. */
  readonly toolMode: ToolMode;
  /** `usage` and cost headers on answers. Default true. */
  readonly usageHeaders: boolean;
}
