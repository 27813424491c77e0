/** Reads a JSON array that comes in pieces, element by element: the form of Gemini's streams without `alt=sse`. */

export class ElementTooLargeError extends Error {
  override readonly name = 'ElementTooLargeError';
}

/** `onElement` gets the text of each object in the array. Throws ElementTooLargeError. */
export function createElementSplitter(
  onElement: (text: string) => void,
  maxElementChars: number,
): { push(text: string): void } {
  let rest = '';
  let depth = 0;
  let isInString = false;
  let isEscaped = false;
  return {
    push(text) {
      let start = depth > 0 ? 0 : -1;
      for (let i = 0; i < text.length; i++) {
        const c = text.charCodeAt(i);
        if (isInString) {
          if (isEscaped) isEscaped = false;
          else if (c === 0x5c) isEscaped = true;
          else if (c === 0x22) isInString = false;
        } else if (c === 0x22) isInString = depth > 0;
        else if (c === 0x7b && depth++ === 0) start = i;
        else if (c === 0x7d && depth > 0 && --depth === 0) {
          onElement(rest + text.slice(start, i + 1));
          rest = '';
          start = -1;
        }
      }
      if (start !== -1) rest += text.slice(start);
      if (rest.length > maxElementChars)
        throw new ElementTooLargeError(`an element is larger than ${maxElementChars} characters`);
    },
  };
}
