/** Words for JSON as text and as value; text is what we forward, values are what we decide on. */

/** A complete, valid JSON document as a string. Forwarded verbatim wherever nothing has to change. */
export type JsonText = string;

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export type JsonObject = { readonly [key: string]: unknown };

/** JSON that was parsed once where it entered: the text to forward and the value to decide on. */
export interface ParsedJson {
  readonly text: JsonText;
  readonly value: JsonObject;
}
