/**
 * The neutral chat: what every dialect of chat with a model can be read into and written from. It travels only where client
 * and provider speak different dialects; where they speak one, the body is forwarded as it came (the passing lane).
 */

import type { JsonObject, JsonText } from './json.ts';

/** Wires on which one talks with a model. One client edge and one provider codec know each; nobody else does. */
export const CHAT_DIALECTS = ['openai-chat', 'openai-responses', 'anthropic', 'gemini', 'bedrock', 'cohere'] as const;
export type ChatDialect = (typeof CHAT_DIALECTS)[number];

/**
 * Members of the client's dialect that the neutral form has no word for, at the level where they stood. A codec of that
 * same dialect writes them back; any other names them in `EncodedRequest.dropped`.
 */
export interface Extra {
  readonly extra?: JsonObject | undefined;
}

/** Marks the end of a prefix that the provider shall keep. `ttl` undefined: the provider's default (five minutes). */
export interface CacheMark {
  readonly ttl?: '5m' | '1h' | undefined;
}

/** Bytes or where they are. Base64 is standard, padded, without line breaks. */
export type MediaSource =
  | { readonly type: 'base64'; readonly mediaType: string; readonly data: string }
  | { readonly type: 'url'; readonly url: string; readonly mediaType?: string | undefined }
  /** Id of a file kept at the provider. */
  | { readonly type: 'file'; readonly fileId: string };

export interface TextPart extends Extra {
  readonly type: 'text';
  readonly text: string;
  readonly cache?: CacheMark | undefined;
}

/** An image, a sound, a document or a video. */
export interface MediaPart extends Extra {
  readonly type: 'image' | 'audio' | 'document' | 'video';
  readonly source: MediaSource;
  /** File name or title, where there is one. */
  readonly name?: string | undefined;
  /** Images: how closely the model shall look. */
  readonly detail?: 'auto' | 'low' | 'high' | undefined;
  readonly cache?: CacheMark | undefined;
}

/** The model's thinking, as far as it is shown. */
export interface ReasoningPart extends Extra {
  readonly type: 'reasoning';
  /** Empty where only `sealed` is given. */
  readonly text: string;
  /** Id of the item, where the dialect has one. */
  readonly id?: string | undefined;
  /**
   * What the provider wants back unchanged: Anthropic's `signature`, Gemini's `thoughtSignature`, OpenAI's
   * `encrypted_content`. Good at the provider that made it only.
   */
  readonly signature?: string | undefined;
  /** Anthropic's `redacted_thinking`: all that is given of it. */
  readonly sealed?: string | undefined;
}

/** The model suggests a call. */
export interface ToolCallPart extends Extra {
  readonly type: 'tool-call';
  /** As the provider gave it; made up (`call_…`) where its dialect has none. */
  readonly id: string;
  readonly name: string;
  /** Group the tool was declared in (Responses: `namespace`). */
  readonly namespace?: string | undefined;
  /** Arguments as JSON text exactly as the model wrote them: for functions an object, for custom tools any text. */
  readonly arguments: JsonText;
  /** A tool whose input is free text (Responses and chat: `custom`). */
  readonly custom?: true | undefined;
  /** Gemini's `thoughtSignature` on the call. */
  readonly signature?: string | undefined;
  readonly cache?: CacheMark | undefined;
}

/** The model declines, in words (OpenAI's `refusal`). */
export interface RefusalPart extends Extra {
  readonly type: 'refusal';
  readonly text: string;
}

/** A block that only its own dialect understands (tools the provider runs, citations, compaction, …). */
export interface ForeignPart {
  readonly type: 'foreign';
  readonly dialect: ChatDialect;
  readonly value: JsonObject;
}

export type UserPart = TextPart | MediaPart | ForeignPart;
export type AssistantPart = TextPart | MediaPart | ReasoningPart | ToolCallPart | RefusalPart | ForeignPart;

export type ChatMessage =
  /** Leading ones are the system prompt; dialects without system messages later on say what they do with those. */
  | ({
      readonly role: 'system';
      /** OpenAI's `developer`. Default `system`. */
      readonly voice?: 'system' | 'developer' | undefined;
      readonly parts: readonly UserPart[];
      readonly name?: string | undefined;
    } & Extra)
  | ({ readonly role: 'user'; readonly parts: readonly UserPart[]; readonly name?: string | undefined } & Extra)
  | ({
      readonly role: 'assistant';
      readonly parts: readonly AssistantPart[];
      readonly name?: string | undefined;
    } & Extra)
  /** The result of one call. Dialects that put several into one user turn are read into one message each. */
  | ({
      readonly role: 'tool';
      readonly callId: string;
      /** Name of the tool, where the dialect repeats it (Gemini) or it is known from the call before. */
      readonly name?: string | undefined;
      readonly parts: readonly UserPart[];
      /** The result as an object, where the dialect has it so (Gemini's `response`); `parts` then hold its JSON text. */
      readonly value?: JsonObject | undefined;
      readonly isError?: boolean | undefined;
      readonly custom?: true | undefined;
      readonly cache?: CacheMark | undefined;
    } & Extra);

export type ChatTool =
  | ({
      readonly type: 'function';
      readonly name: string;
      readonly namespace?: string | undefined;
      readonly description?: string | undefined;
      /** JSON Schema of the arguments, an object. Undefined: none were declared. */
      readonly parameters?: JsonObject | undefined;
      /** The model is held to the schema. */
      readonly strict?: boolean | undefined;
      /** Shown to the model only once it was found (Anthropic's `defer_loading`). */
      readonly deferred?: boolean | undefined;
      readonly cache?: CacheMark | undefined;
    } & Extra)
  | ({
      readonly type: 'custom';
      readonly name: string;
      readonly namespace?: string | undefined;
      readonly description?: string | undefined;
      /** Grammar of the input, as the dialect writes it. */
      readonly format?: JsonObject | undefined;
    } & Extra)
  /** Run by the provider itself (web search, code execution, …): means nothing to another one. */
  | { readonly type: 'foreign'; readonly dialect: ChatDialect; readonly name: string; readonly value: JsonObject };

export type ToolChoice =
  | { readonly type: 'auto' | 'none' | 'required' }
  | { readonly type: 'tool'; readonly name: string; readonly namespace?: string | undefined }
  /** Any of these; `required`: one of them must be called. */
  | { readonly type: 'allowed'; readonly names: readonly string[]; readonly required: boolean };

/** How hard the model shall think. Dialects have words or token counts; both are kept, a codec takes what it can say. */
export interface ReasoningWish extends Extra {
  /** False: not at all. */
  readonly enabled: boolean;
  readonly effort?: 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max' | undefined;
  readonly budgetTokens?: number | undefined;
  /** The model decides (Anthropic's `adaptive`, Gemini's budget -1). */
  readonly adaptive?: boolean | undefined;
  /** Whether thoughts, or summaries of them, shall be shown; `auto`, `concise`, `detailed` for summaries. */
  readonly show?: boolean | 'auto' | 'concise' | 'detailed' | undefined;
}

export type OutputFormat =
  | { readonly type: 'text' }
  /** Any JSON object. */
  | { readonly type: 'json' }
  | {
      readonly type: 'json-schema';
      readonly name?: string | undefined;
      readonly description?: string | undefined;
      readonly schema: JsonObject;
      readonly strict?: boolean | undefined;
    };

export interface ChatRequest extends Extra {
  /** The dialect it was read from: whose `extra` these are. */
  readonly dialect: ChatDialect;
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly ChatTool[];
  readonly toolChoice?: ToolChoice | undefined;
  /** Undefined: the provider's default, which is true nearly everywhere. */
  readonly parallelToolCalls?: boolean | undefined;
  readonly maxOutputTokens?: number | undefined;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly seed?: number | undefined;
  readonly frequencyPenalty?: number | undefined;
  readonly presencePenalty?: number | undefined;
  /** Answers wanted. Default 1. */
  readonly choices?: number | undefined;
  /** Log probabilities wanted; the number of alternatives, 0 for those of the tokens chosen. */
  readonly logprobs?: number | undefined;
  readonly output?: OutputFormat | undefined;
  readonly verbosity?: 'low' | 'medium' | 'high' | undefined;
  readonly reasoning?: ReasoningWish | undefined;
  /** Whom the caller's own user is, for the provider's abuse detection. */
  readonly user?: string | undefined;
  readonly metadata?: { readonly [name: string]: string } | undefined;
  readonly serviceTier?: string | undefined;
  readonly stream: boolean;
}

export type StopReason =
  | 'end'
  | 'max-tokens'
  | 'tool-calls'
  | 'stop-sequence'
  | 'content-filter'
  | 'refusal'
  /** Anthropic's `pause_turn`: send it back to go on. */
  | 'pause'
  | 'context-full'
  | 'other';

/** Tokens of one answer. Counts that a provider does not tell are undefined, never guessed. */
export interface Usage {
  /** All of the prompt, cached part and what was written to the cache included. */
  readonly inputTokens: number;
  /** All that was produced, reasoning included. */
  readonly outputTokens: number;
  /** Of the input: read from the provider's cache. */
  readonly cachedTokens?: number | undefined;
  /** Of the input: written to the provider's cache, in all, and of that for an hour. */
  readonly cacheWriteTokens?: number | undefined;
  readonly cacheWrite1hTokens?: number | undefined;
  /** Of the output. */
  readonly reasoningTokens?: number | undefined;
  readonly audioInputTokens?: number | undefined;
  readonly audioOutputTokens?: number | undefined;
  /** Searches the provider ran, and charges for. */
  readonly searches?: number | undefined;
  /** No provider told: estimated from the text. */
  readonly estimated?: true | undefined;
}

export interface ChatChoice extends Extra {
  readonly parts: readonly AssistantPart[];
  readonly stop: StopReason;
  /** The sequence that ended it, where the provider says. */
  readonly stopSequence?: string | undefined;
  /** OpenAI's `logprobs` object as it is. */
  readonly logprobs?: JsonObject | undefined;
}

/** A whole answer. */
export interface ChatAnswer extends Extra {
  /** The provider's id of it, or one of ours. */
  readonly id: string;
  /** The model as the provider names it. */
  readonly model: string;
  readonly createdAtS: number;
  readonly choices: readonly ChatChoice[];
  readonly usage: Usage | undefined;
  /** What the gateway says besides (a run, what it carried out): a member `portcullis` of the answer in every dialect. */
  readonly portcullis?: JsonObject | undefined;
}

/**
 * What happens in a streamed answer. Parts of one choice are numbered from 0 in the order they began and may be open at the
 * same time (parallel tool calls); every part that was started is ended before its choice is.
 */
export type ChatEvent =
  | { readonly type: 'start'; readonly id: string; readonly model: string; readonly createdAtS: number }
  | {
      readonly type: 'part-start';
      readonly choice: number;
      readonly part: number;
      /** Text and arguments are empty here, and come as deltas; a foreign or media part is whole. */
      readonly value: AssistantPart;
    }
  /** Adds to `text` of a text, reasoning or refusal part, or to `arguments` of a tool call. */
  | { readonly type: 'delta'; readonly choice: number; readonly part: number; readonly text: string }
  /** Adds the signature of a reasoning part or tool call. */
  | { readonly type: 'signature'; readonly choice: number; readonly part: number; readonly signature: string }
  | { readonly type: 'part-end'; readonly choice: number; readonly part: number }
  | {
      readonly type: 'choice-end';
      readonly choice: number;
      readonly stop: StopReason;
      readonly stopSequence?: string | undefined;
    }
  /** What is known of the usage so far; a later one replaces an earlier one. */
  | { readonly type: 'usage'; readonly usage: Usage }
  /**
   * What the gateway says in between (a tool was begun, an approval is awaited): an event that clients of the dialect pass over
   * if they do not know it. `value` has a `type`.
   */
  | { readonly type: 'portcullis'; readonly value: JsonObject }
  /** The provider said that this is all. A stream that ends without it was cut off. */
  | { readonly type: 'end' };
