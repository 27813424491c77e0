/** Text as PostgreSQL takes it. */

/** U+0000, which a text of PostgreSQL cannot hold, becomes U+FFFD. */
export function storableText(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
}

/** The same for all texts among the values of a row. */
export function storableValues<T>(values: readonly T[]): readonly (T | string)[] {
  return values.map((value) => (typeof value === 'string' ? storableText(value) : value));
}
