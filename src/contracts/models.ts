/** Calls of models: what an edge hands to the pipeline, what it gets back, and the port behind which every provider stands. */

import type { CallSignal } from './call-signal.ts';
import type { ChatAnswer, ChatDialect, ChatEvent, ChatRequest, StopReason, Usage } from './chat.ts';
import type { EmbedAnswer, EmbedDialect, EmbedRequest } from './embed.ts';
import type { JsonText, ParsedJson } from './json.ts';
import type { ModelTarget, ProviderConfig, ProviderKey } from './models-config.ts';

/** The kinds of call that go to a model, and the list of models. */
export const MODEL_CALL_KINDS = ['chat', 'embed', 'tokens.count', 'models.list', 'models.pass'] as const;
export type ModelCallKind = (typeof MODEL_CALL_KINDS)[number];

/** What the request itself wishes, by headers of ours. It can only narrow what the key may do. */
export interface ModelWishes {
  /** `x-portcullis-fallbacks`: models to try after the one asked for, in order. Undefined: as configured. */
  readonly fallbacks: readonly string[] | undefined;
  /** `x-portcullis-timeout-ms`: whole call, all attempts. Undefined: as configured. */
  readonly timeoutMs: number | undefined;
  /** `x-portcullis-tool-mode`: how the gateway's tools are added. Undefined: as the key or configuration says. */
  readonly toolMode: string | undefined;
  /** `x-portcullis-agent`: `on` or `off`. Undefined: as the key says. */
  readonly agent?: 'on' | 'off' | undefined;
  /** `x-portcullis-run`: the run that this request goes on with. Undefined: found by the calls whose results it brings. */
  readonly runId?: string | undefined;
  /** Tools were narrowed by `x-portcullis-servers`, `-tools` or `-toolset`: a sign that they are wanted. */
  readonly namesTools: boolean;
}

/** What is passed through. A request that names no model is allowed as the model `provider/{surface}`: `openai/files`. */
export const PASS_SURFACES = ['audio', 'images', 'moderations', 'files', 'rerank', 'completions'] as const;
export type PassSurface = (typeof PASS_SURFACES)[number];

/** A pass-through request: forwarded as bytes, only its model is looked at. */
export interface RawRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Below `/v1`, without leading slash, query included: `audio/speech`, `files/file-1?limit=2`. */
  readonly path: string;
  readonly contentType: string | undefined;
  readonly body: Uint8Array | undefined;
  /** Where the model's name stands in `body`, to be replaced by the provider's own. Undefined: nowhere. */
  readonly modelAt?: { readonly start: number; readonly end: number; readonly quoted: boolean } | undefined;
  readonly surface: PassSurface;
  /** Whom a request without a model is for, by `x-portcullis-provider`. Undefined: the only one who has this. */
  readonly provider: string | undefined;
}

/** What a call of a model carries besides what every call does. The body is `call.params`, the model's name `call.name`. */
export type ModelRequest = {
  readonly wishes: ModelWishes;
  /** Headers of the client that belong to its dialect (`anthropic-beta`, `openai-beta`, …), lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
} & (
  | {
      readonly operation: 'chat' | 'count';
      readonly dialect: ChatDialect;
      readonly stream: boolean;
      /** Gemini without `alt=sse`: the stream is a JSON array, element by element. Undefined: server-sent events. */
      readonly streamForm?: 'json-array' | undefined;
      /**
       * Decoded when first asked for, and once. Throws GatewayError `invalid_params` that names the field, and ProviderFailure
       * `unsupported` where only a provider of this dialect can serve it: what it means is kept there.
       */
      readonly chat: () => ChatRequest;
      /**
       * Why it can only be forwarded as it came: it holds what no other dialect has and what must not be left out. Whoever
       * would have to translate it refuses it. Undefined: it can be translated.
       */
      readonly passOnly?: string | undefined;
      /** The answer has to be understood: never the passing lane, also where dialects match. Its `body` is not looked at. */
      readonly isNeutral?: true | undefined;
    }
  | { readonly operation: 'embed'; readonly dialect: EmbedDialect; readonly embed: () => EmbedRequest }
  | { readonly operation: 'list' }
  | { readonly operation: 'pass'; readonly raw: RawRequest }
);
export type ChatModelRequest = Extract<ModelRequest, { readonly operation: 'chat' | 'count' }>;
export type EmbedModelRequest = Extract<ModelRequest, { readonly operation: 'embed' }>;
export type PassModelRequest = Extract<ModelRequest, { readonly operation: 'pass' }>;

/** The gateway's tools for one request, in the words of JSON Schema; shared by all requests with the same view. */
export interface InjectedTools {
  readonly tools: readonly InjectedTool[];
  /** The tools as one dialect writes them, rendered once: `render` must depend on nothing else. */
  fragment(dialect: string, render: (tools: readonly InjectedTool[]) => JsonText): JsonText;
}
export interface InjectedTool {
  /** Valid everywhere: `[a-zA-Z_][a-zA-Z0-9_-]{0,63}`, and unlike any of the caller's own. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema as its server sent it: an object. */
  readonly parameters: JsonText;
}

/** Where a call may go, decided before anything is sent: stages are tried in order, targets of one stage by weight and health. */
export interface ModelPlan {
  /** None is empty; all targets exist and are allowed to the caller. */
  readonly stages: readonly (readonly ModelTarget[])[];
  /** Name of the alias, rule or fallback that decided; undefined: the model was named itself. */
  readonly rule: string | undefined;
}

/** One try at one provider. */
export interface ModelAttempt {
  readonly provider: string;
  readonly model: string;
  /** Name of the provider's key, never the key. */
  readonly key: string | undefined;
  /** Undefined: it answered. Of a stream that broke: what broke it. */
  readonly failure: ProviderFailureKind | undefined;
  readonly status: number | undefined;
  readonly durationMs: number;
}

/**
 * What became of a call of a model; written while it runs, complete when its outcome (or its stream) has ended. Each attempt
 * has its own, so look at `call.facts.model` anew once there is an outcome; `attempts` and `wasted` they share.
 */
export interface ModelReport {
  /** Who answered. */
  provider?: string;
  model?: string;
  readonly attempts: ModelAttempt[];
  /** Undefined until told or estimated. */
  usage?: Usage;
  stop?: StopReason;
  /** From the start of the call to the first byte of the answer's body. */
  firstByteMs?: number;
  /** Members of the request that the provider's dialect cannot say, as paths: `top_k`, `messages[2].cache_control`. */
  dropped: readonly string[];
  /** Characters of text, reasoning and arguments that came: what is estimated from if usage never comes. */
  outputChars: number;
  /** What providers told of other attempts, which failed: the caller got nothing of it, but it may be charged for. */
  readonly wasted?: readonly { readonly provider: string; readonly model: string; readonly usage: Usage }[];
}

/** Where client and provider speak one dialect, what the provider sent; else what it means. */
export type Lane<P, N> = { readonly lane: 'pass'; readonly value: P } | { readonly lane: 'neutral'; readonly value: N };

/** One item per read of the socket, never one per event: a stream costs a promise per packet. */
export type ByteStream = AsyncIterable<Uint8Array>;
export type EventStream = AsyncIterable<readonly ChatEvent[]>;

export interface ListedModel {
  /** As clients name it: `provider/model`, or an alias. */
  readonly id: string;
  readonly provider: string;
  /** Undefined: not known. Unix seconds. */
  readonly createdAtS: number | undefined;
  readonly displayName: string | undefined;
  readonly contextTokens: number | undefined;
  readonly maxOutputTokens: number | undefined;
}

/** Answer of a call of a model. Failures are thrown as GatewayError; a stream that breaks throws one while it is read. */
export type ModelOutcome =
  | { readonly type: 'chat'; readonly answer: Lane<JsonText, ChatAnswer> }
  /**
   * Reading it drives the provider; leaving it (`return`) cancels the provider's answer. Passing lane: server-sent events (or
   * what else the dialect streams) byte for byte, `contentType` as the provider said.
   */
  | { readonly type: 'chat-stream'; readonly stream: Lane<ByteStream, EventStream>; readonly contentType: string }
  | { readonly type: 'embeddings'; readonly answer: Lane<JsonText, EmbedAnswer> }
  | { readonly type: 'token-count'; readonly answer: Lane<JsonText, { readonly inputTokens: number }> }
  | { readonly type: 'model-list'; readonly models: readonly ListedModel[] }
  | {
      readonly type: 'raw';
      readonly status: number;
      /** Of the provider's answer, those a client may see: `content-type`, `content-disposition`. */
      readonly headers: { readonly [name: string]: string };
      readonly bytes: ByteStream;
    };

/** How a provider failed, as far as it decides what is tried next. */
export type ProviderFailureKind =
  /** 429: another key may do; the same one after `retryAfterMs`. */
  | 'rate-limited'
  /** Credit or quota used up: no use to wait. */
  | 'quota-exceeded'
  /** 503, 529: busy. */
  | 'overloaded'
  /** Other 5xx. */
  | 'server-error'
  /** Nothing could be sent. */
  | 'unreachable'
  /** Sent, and the connection broke before an answer. */
  | 'connection-lost'
  | 'timeout'
  /** An answer that is none: no JSON, no events, another shape. */
  | 'malformed'
  /** It does not believe us: 401, 403. */
  | 'unauthorized'
  | 'unknown-model'
  /** The request is at fault: 400, 413, 422. Nobody else is asked. */
  | 'invalid-request'
  | 'context-too-long'
  | 'content-filtered'
  /** This codec cannot say what the request wants; found before anything was sent. */
  | 'unsupported'
  | 'cancelled';

/** What a provider's port throws. `message` is for our log; `publicText` may be shown: no secret, no upstream body. */
export class ProviderFailure extends Error {
  override readonly name = 'ProviderFailure';
  readonly kind: ProviderFailureKind;
  /** The provider's HTTP status. */
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  /** For `invalid-request`, `unsupported`, `context-too-long`: what is wrong with the request, one line, at most 300 characters. */
  readonly publicText: string | undefined;

  constructor(
    kind: ProviderFailureKind,
    message: string,
    options: {
      readonly status?: number | undefined;
      readonly retryAfterMs?: number | undefined;
      readonly publicText?: string | undefined;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
    this.publicText = options.publicText;
  }
}

/** One try: everything a provider needs to know. */
export interface ProviderCall<R extends ModelRequest = ModelRequest> {
  readonly request: R;
  /** The client's body as it came. */
  readonly body: ParsedJson;
  /** The model as this provider names it. */
  readonly model: string;
  readonly key: ProviderKey | undefined;
  /** Tools of the gateway to be added to the request; undefined: none. */
  readonly injected: InjectedTools | undefined;
  readonly signal: CallSignal;
  /** Until the first byte of the answer, and between two of its bytes: from the configuration, cut to what is left. */
  readonly firstByteTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** W3C traceparent of our span. */
  readonly traceparent: string | undefined;
  /** Filled in by the provider: usage, stop, dropped, outputChars. */
  readonly report: ModelReport;
}

/**
 * Port: one configured provider. Each method is one try; it throws ProviderFailure, and what it returns has begun to answer:
 * a status that says so and, for streams, the first bytes. A method that the provider does not have is undefined.
 */
export interface ModelProvider {
  readonly id: string;
  readonly config: ProviderConfig;
  readonly chat:
    | ((call: ProviderCall<ChatModelRequest>) => Promise<Extract<ModelOutcome, { type: 'chat' | 'chat-stream' }>>)
    | undefined;
  readonly embed:
    | ((call: ProviderCall<EmbedModelRequest>) => Promise<Extract<ModelOutcome, { type: 'embeddings' }>>)
    | undefined;
  readonly countTokens:
    | ((call: ProviderCall<ChatModelRequest>) => Promise<Extract<ModelOutcome, { type: 'token-count' }>>)
    | undefined;
  readonly pass:
    | ((call: ProviderCall<PassModelRequest>) => Promise<Extract<ModelOutcome, { type: 'raw' }>>)
    | undefined;
  /** Own names of its models, as it lists them now. */
  readonly listModels: ((call: ListModelsCall) => Promise<readonly ProviderModel[]>) | undefined;
}

export interface ListModelsCall {
  readonly key: ProviderKey | undefined;
  readonly signal: CallSignal;
  readonly timeoutMs: number;
}

export interface ProviderModel {
  readonly name: string;
  readonly createdAtS?: number | undefined;
  readonly displayName?: string | undefined;
  readonly contextTokens?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
}

/** Understands an answer that goes through as it came, beside it. What it cannot read it passes over in silence: it decides nothing. */
export interface AnswerReader {
  /** Undefined: it cannot be read. */
  whole(text: JsonText): ChatAnswer | undefined;
  /** Made for one stream: the events that these bytes complete. */
  stream(): (bytes: Uint8Array) => readonly ChatEvent[];
}
/** Undefined: nobody can read answers of this dialect. Ids of calls that the dialect leaves out are empty. */
export type AnswerReaders = (dialect: ChatDialect, form: 'sse' | 'json-array') => AnswerReader | undefined;
