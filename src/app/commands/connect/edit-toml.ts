/** Replaces or adds one table of a TOML text (Codex's config.toml); everything else stays as it is. */

/** Splits a dotted table name into its parts, quotes removed: `mcp_servers . "a.b"`. */
function parseName(text: string): readonly string[] {
  const parts = text.match(/"(?:[^"\\]|\\.)*"|'[^']*'|[A-Za-z0-9_-]+/g) ?? [];
  return parts.map((part) => (part.startsWith('"') || part.startsWith("'") ? part.slice(1, -1) : part));
}

interface Header {
  readonly line: number;
  readonly name: readonly string[];
}

/** Table headers with their lines; what looks like one inside a multi-line string is none. */
function findHeaders(lines: readonly string[]): Header[] {
  const headers: Header[] = [];
  let inString: string | undefined;
  for (const [index, line] of lines.entries()) {
    const header = inString === undefined ? /^\s*\[\[?([^\]]+)\]\]?\s*(?:#.*)?$/.exec(line) : null;
    if (header) headers.push({ line: index, name: parseName(header[1] ?? '') });
    for (const [quotes] of line.matchAll(/"""|'''/g)) {
      if (inString === undefined) inString = quotes;
      else if (inString === quotes) inString = undefined;
    }
  }
  return headers;
}

const startsWith = (name: readonly string[], path: readonly string[]): boolean =>
  path.every((part, i) => name[i] === part);

/**
 * The text with the table `[path]` (and its sub-tables) replaced by `body`, or `body` added at the end.
 * Throws RangeError if the place is written as an inline table, which is not edited.
 */
export function setTable(text: string, path: readonly string[], body: readonly string[]): string {
  const lines = text.split('\n');
  const headers = findHeaders(lines);
  const [top, ...rest] = path;
  const inline = new RegExp(`^\\s*(?:${top}\\s*=|${path.join('\\s*\\.\\s*')}\\s*[.=])`);
  const scopeOf = (line: number): readonly string[] => headers.findLast((header) => header.line < line)?.name ?? [];
  for (const [index, line] of lines.entries()) {
    const scope = scopeOf(index);
    const isInParent =
      scope.length === 1 && scope[0] === top && new RegExp(`^\\s*"?${rest.join('.')}"?\\s*[.=]`).test(line);
    if ((scope.length === 0 && inline.test(line)) || isInParent) {
      throw new RangeError(`line ${index + 1} writes ${path.join('.')} as an inline table`);
    }
  }
  const first = headers.findIndex((header) => startsWith(header.name, path));
  if (first === -1) {
    const before = text.trimEnd();
    return `${before}${before === '' ? '' : '\n\n'}${body.join('\n')}\n`;
  }
  const kept: string[] = [];
  let written = false;
  const starts = [...headers.map((header) => header.line), lines.length];
  kept.push(...lines.slice(0, starts[0]));
  for (const [i, header] of headers.entries()) {
    const section = lines.slice(header.line, starts[i + 1]);
    if (!startsWith(header.name, path)) {
      kept.push(...section);
      continue;
    }
    if (!written) kept.push(...body);
    // Blank lines and comments before the next table belong to that one.
    const lastOwn = section.findLastIndex((line) => line.trim() !== '' && !line.trim().startsWith('#'));
    const rest = section.slice(lastOwn + 1);
    if (written && kept.at(-1)?.trim() === '') while (rest[0]?.trim() === '') rest.shift();
    kept.push(...rest);
    written = true;
  }
  return `${kept.join('\n').trimEnd()}\n`;
}

/** A TOML basic string. */
export function tomlString(value: string): string {
  return JSON.stringify(value).replaceAll('\u007f', '\\u007f');
}
