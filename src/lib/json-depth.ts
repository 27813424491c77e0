/** How deep JSON nests: what reads and writes it level by level runs out of stack some thousands of levels down. */

/** Whether objects and lists of a JSON text stand in more than `levels` others. Looks no further than it has to. */
export function nestsDeeper(text: string, levels: number): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = endOfText(text, i);
        break;
      case BRACE:
      case BRACKET:
        if (++depth > levels) return true;
        break;
      case BRACE_END:
      case BRACKET_END:
        depth--;
    }
  }
  return false;
}

const [QUOTE, BACKSLASH, BRACE, BRACE_END, BRACKET, BRACKET_END] = [0x22, 0x5c, 0x7b, 0x7d, 0x5b, 0x5d];

/** Where the quote stands that ends the text that begins at `start`. */
function endOfText(text: string, start: number): number {
  for (let i = start + 1; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) return i;
    if (code === BACKSLASH) i++;
  }
  return text.length;
}
