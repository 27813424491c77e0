/** Text that somebody decides about, so that they see all of it: what a terminal hides, moves or turns around is shown as an escape. */

/** Control and format characters (direction overrides, zero width), what is made to be ignored, private and unassigned ones, odd spaces. */
const HIDDEN = /(?![\n\t ])[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Z}\p{DI}\u2800]/gu;

const escapeAll = (character: string): string =>
  [...Array(character.length).keys()]
    .map((i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`)
    .join('');

/** JSON stays JSON of the same value. Line breaks and tabs stay. */
export function showExactly(text: string): string {
  return text.replace(HIDDEN, escapeAll);
}
