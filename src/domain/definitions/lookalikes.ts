/** Letters that look like others: names that a person, or a model, would take for one another. */

/** Cyrillic, Greek and Armenian letters that look Latin in most fonts. */
const LOOKALIKES: { readonly [letter: string]: string } = {
  ...pairs('АВЕЅІЈКМНОРСТУХаеѕіјорсухһԁԛԝ', 'ABESIJKMHOPCTYXaesijopcyxhdqw'),
  ...pairs('ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαιονρυϲ', 'ABEZHIKMNOPTYXaiovpuc'),
  ...pairs('օսոհցքւ', 'ounhgpl'),
};
const FOREIGN = /[\u0370-\u058f]/;

function pairs(letters: string, latin: string): { readonly [letter: string]: string } {
  return Object.fromEntries([...letters].map((letter, at) => [letter, latin[at] ?? '']));
}

/** Text with letters of other alphabets that look Latin written as Latin ones. */
export function foldLookalikes(text: string): string {
  return FOREIGN.test(text) ? text.replace(/[\u0370-\u058f]/g, (letter) => LOOKALIKES[letter] ?? letter) : text;
}

/** What a name looks like: two names with one shape are hard to tell apart. Case, separators and accents do not count. */
export function shapeOf(name: string): string {
  return foldLookalikes(name.normalize('NFKD').replace(/\p{Mn}/gu, ''))
    .replace(/rn/g, 'm')
    .replace(/vv/g, 'w')
    .toLowerCase()
    .replace(/[-_. ]/g, '')
    .replace(/[0]/g, 'o')
    .replace(/[1|i]/g, 'l');
}

/** True if a name has letters of several alphabets, one of which could pass for another. */
export function mixesAlphabets(name: string): boolean {
  return /[A-Za-z]/.test(name) && FOREIGN.test(name) && foldLookalikes(name) !== name;
}
