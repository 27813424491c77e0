/** The trail as text for other programs: JSON lines and CSV. */

import type { TrailRow } from '../../contracts/trail.ts';

type Row = TrailRow & { readonly seq: number };

/** One JSON object per line. `at` is `atMs` as ISO 8601 in UTC; `arguments` stands as the JSON it is; absent fields are left out. */
export function renderJsonl(rows: Iterable<Row>): string {
  let out = '';
  for (const row of rows) {
    const { seq, arguments: argumentText, ...fields } = row;
    const head = JSON.stringify({ seq, at: isoTime(row.atMs), ...fields });
    out += argumentText === undefined ? `${head}\n` : `${head.slice(0, -1)},"arguments":${argumentText}}\n`;
  }
  return out;
}

const COLUMNS = [
  'seq',
  'at',
  'id',
  'parentId',
  'traceId',
  'kind',
  'surface',
  'keyId',
  'keyName',
  'serverId',
  'name',
  'target',
  'client',
  'result',
  'error',
  'resultBytes',
  'totalMs',
  'upstreamMs',
  'policy',
  'arguments',
  'cached',
  'priceMicroUsd',
  'inputTokens',
  'outputTokens',
  'cachedTokens',
  'reasoningTokens',
  'usageEstimated',
  'firstByteMs',
  'stop',
  'attempts',
  'dropped',
  'userId',
  'teamId',
  'organizationId',
  'labels',
  'runId',
  'suggestionId',
  'authority',
] as const;
type Column = (typeof COLUMNS)[number];

/**
 * RFC 4180 with a header line (unless `header` is false, for the second and later pieces of a long export). Text that a
 * spreadsheet would take for a formula gets a quote in front.
 */
export function renderCsv(rows: Iterable<Row>, options: { header?: boolean } = {}): string {
  let out = options.header === false ? '' : `${COLUMNS.join(',')}\r\n`;
  for (const row of rows) {
    const cells = COLUMNS.map((column) => renderCell(cellOf(row, column)));
    out += `${cells.join(',')}\r\n`;
  }
  return out;
}

function cellOf(row: Row, column: Column): string | number | boolean | undefined {
  const { model } = row;
  switch (column) {
    case 'at':
      return isoTime(row.atMs);
    case 'policy':
      return row.policy && JSON.stringify(row.policy);
    case 'inputTokens':
    case 'outputTokens':
    case 'cachedTokens':
    case 'reasoningTokens':
      return model?.usage?.[column];
    case 'usageEstimated':
      return model?.usage?.estimated;
    case 'firstByteMs':
    case 'stop':
      return model?.[column];
    case 'attempts':
      return model && JSON.stringify(model.attempts);
    case 'dropped':
      return model?.dropped?.join(' ');
    case 'labels':
      return row.labels && JSON.stringify(row.labels);
    default:
      return row[column];
  }
}

function renderCell(value: string | number | boolean | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  // Some spreadsheets skip white space before they look for the formula.
  const safe = /^\s*[=+\-@]|^[\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A time no calendar holds is shown as none. */
function isoTime(atMs: number): string {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
