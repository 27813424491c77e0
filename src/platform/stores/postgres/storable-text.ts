/** Text as PostgreSQL takes it. */

/** U+0000, which a text of PostgreSQL cannot hold, becomes U+FFFD. */
export function storableText(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\ufffd') : text;
}
