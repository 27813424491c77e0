/** Lines of a text stream, with a bound on their length. */

/** Yields each line without its line break; the last one too if it has none. Throws RangeError beyond `maxChars`. */
export async function* readLines(chunks: AsyncIterable<string>, maxChars: number): AsyncGenerator<string> {
  let parts: string[] = [];
  let chars = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end !== -1; end = chunk.indexOf('\n', start)) {
      const line = parts.join('') + chunk.slice(start, end);
      parts = [];
      chars = 0;
      start = end + 1;
      yield line.endsWith('\r') ? line.slice(0, -1) : line;
    }
    if (start < chunk.length) {
      parts.push(chunk.slice(start));
      chars += chunk.length - start;
      if (chars > maxChars) throw new RangeError(`a line is longer than ${maxChars} characters`);
    }
  }
  if (chars > 0) yield parts.join('');
}
