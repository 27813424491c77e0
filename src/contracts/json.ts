/** Words for JSON as text and as value; text is what we forward, values are what we decide on. */

/** A complete, valid JSON document as a string. Forwarded verbatim wherever nothing has to change. */
export type JsonText = string;

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export type JsonObject = { readonly [key: string]: unknown };

/** One member of an object: decoded key, and where key and value stand in the text. `valueEnd` is exclusive. */
export interface TextMember {
  readonly key: string;
  readonly keyStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** Where the members of a request's `params` stand, so that they are looked for only once. None stands twice. */
export interface ParamsScan {
  readonly members: readonly TextMember[];
  /** Members of `_meta`, offsets in the text of the whole `params`; undefined: it has none. */
  readonly meta: readonly TextMember[] | undefined;
}

/** A large object as the bytes it came in: whoever needs a few of its members need not make a value of all of it. */
export interface LargeJson {
  /** UTF-8. */
  readonly bytes: Buffer;
  /** In order; none stands twice. Offsets in `bytes`. */
  readonly members: readonly TextMember[];
  /** Bytes that are no part of media. */
  readonly proseBytes: number;
  /** Long strings of base64: pictures, sounds, documents. */
  readonly media: number;
  /** The value of one of `members`. Throws GatewayError `parse_error`. */
  member(key: string): unknown;
}

/** JSON that was parsed once where it entered: the text to forward and the value to decide on. */
export interface ParsedJson {
  readonly text: JsonText;
  readonly value: JsonObject;
  /** Undefined for most. Where it is there, `text` and `value` are made when first read, and reading `value` may throw. */
  readonly large?: LargeJson | undefined;
  /** For the `params` of a request, if the edge has scanned them. */
  readonly scan?: ParamsScan | undefined;
}
