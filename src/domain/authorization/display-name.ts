/** Names that strangers gave themselves, fit to be shown to people. */

const MAX_CHARS = 80;

/** Without what does not show or turns text around, so that nothing can be passed off in it. */
export function displayNameOf(name: string): string {
  const plain = name
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '')
    .replace(/\s+/g, ' ')
    .trim();
  return plain.length > MAX_CHARS ? `${plain.slice(0, MAX_CHARS - 1)}…` : plain;
}
