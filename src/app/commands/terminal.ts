/** Writing to people and to scripts: lines, tables, colours (only on a terminal, never with NO_COLOR), JSON. */

import { stripVTControlCharacters, styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** One line on standard output. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/** One line on standard error: hints and progress, so that standard output stays clean for pipes. */
export function printNote(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** One JSON document on one line, for scripts. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** Colours text for standard output; plain where that is no terminal or NO_COLOR is set. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** As `paint`, for standard error. */
export function paintNote(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stderr });
}

/**
 * Text that came from somewhere else, safe to show: on a terminal, control characters (which could move the cursor or
 * hide text) are shown as `?`. Line breaks and tabs stay.
 */
export function showForeign(text: string): string {
  if (!process.stdout.isTTY) return text;
  return stripVTControlCharacters(text).replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '?');
}

/** One table cell: text, and how to colour it on a terminal. */
export type Cell = string | { readonly text: string; readonly style: Style };

const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);

/** Columns aligned for a terminal, the last one cut to its width; tab-separated without heading in a pipe. */
export function printTable(heading: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const clean = rows.map((row) => row.map((cell) => showForeign(textOf(cell)).replace(/\s+/g, ' ')));
  if (!process.stdout.isTTY) {
    for (const row of clean) print(row.join('\t'));
    return;
  }
  const widths = heading.map((title, i) => Math.max(title.length, ...clean.map((row) => row[i]?.length ?? 0)));
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const room = Math.max((process.stdout.columns ?? 80) - before, 20);
  const fit = (text: string, column: number): string => {
    if (column < heading.length - 1) return text.padEnd(widths[column] ?? 0);
    return text.length > room ? `${text.slice(0, room - 1)}…` : text;
  };
  print(paint('bold', heading.map(fit).join('  ')));
  for (const [r, row] of clean.entries()) {
    const cells = row.map((text, column) => {
      const cell = rows[r]?.[column];
      return typeof cell === 'object' ? paint(cell.style, fit(text, column)) : fit(text, column);
    });
    print(cells.join('  '));
  }
}

/** A moment in UTC, to the second; `-` for none. */
export function renderTime(ms: number | undefined): string {
  return ms === undefined ? '-' : `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')}Z`;
}
