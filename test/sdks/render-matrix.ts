/** The matrix of SDKs and providers as a page. */

export interface Cell {
  readonly shown: readonly string[];
  readonly failed: readonly string[];
}

/** Rows are SDKs, columns providers; a cell counts what was shown of what there is in both, and names what failed. */
export function renderMatrix(
  cells: ReadonlyMap<string, ReadonlyMap<string, Cell>>,
  providers: readonly string[],
  checks: readonly string[],
): string {
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  const rows = [...cells].map(([name, row]) => line([name, ...providers.map((id) => renderCell(row.get(id)))]));
  return [
    '<!-- Written by npm run test:sdks -- --write-docs. -->',
    '',
    '# SDKs',
    '',
    'Ordinary programs on the official SDKs, run through the gateway with nothing changed but base URL and key, against each',
    `kind of provider (pretended ones, on the wire of their vendors): ${checks.join(', ')}. A cell counts what was shown; only`,
    'what the SDK or the provider does not have at all (embeddings) is left out.',
    '',
    line(['SDK', ...providers]),
    line(['---', ...providers.map(() => ':-:')]),
    ...rows,
    '',
  ].join('\n');
}

function renderCell(cell: Cell | undefined): string {
  if (cell === undefined) return 'not run';
  const { shown, failed } = cell;
  const count = `${shown.length}/${shown.length + failed.length}`;
  return failed.length === 0 ? count : `${count} (fails: ${failed.join(', ')})`;
}
