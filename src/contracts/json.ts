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

/** JSON that was parsed once where it entered: the text to forward and the value to decide on. */
export interface ParsedJson {
  readonly text: JsonText;
  readonly value: JsonObject;
  /** For the `params` of a request, if the edge has scanned them. */
  readonly scan?: ParamsScan | undefined;
}
