/** Most names and values are short and plain: looking at each character is quicker than asking an expression. */

/** Nothing but spaces and visible characters of ASCII. */
export function isVisibleAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code > 0x7e) return false;
  }
  return true;
}
