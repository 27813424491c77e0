/** JSON in which large whole numbers keep their digits: ids of 64 bits go out as they came in. */

/** A number whose digits a JavaScript number cannot hold. */
export class ExactNumber {
  readonly digits: string;
  constructor(digits: string) {
    this.digits = digits;
  }
  toJSON(): unknown {
    return (JSON as JsonWithRaw).rawJSON(this.digits);
  }
  toString(): string {
    return this.digits;
  }
}

/** Of ECMAScript 2026, in Node since 21. */
interface JsonWithRaw extends JSON {
  rawJSON(text: string): unknown;
}

/** As JSON.parse, but numbers that would change become ExactNumber. */
export function parseExactly(text: string): unknown {
  // Nearly every text has no such number, and a reviver is slow.
  if (!/\d{16}/.test(text)) return JSON.parse(text) as unknown;
  return JSON.parse(text, ((_key: string, value: unknown, context?: { readonly source?: string }) => {
    const source = context?.source;
    if (typeof value !== 'number' || source === undefined || Number.isSafeInteger(value)) return value;
    return /^-?\d+$/.test(source) && String(value) !== source ? new ExactNumber(source) : value;
  }) as (key: string, value: unknown) => unknown) as unknown;
}
