/** `portcullis audit`: the trail, filtered, followed or exported. Reads beside a running gateway. */

import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import type { TrailFilter, TrailRow } from '../../contracts/trail.ts';
import { renderCsv, renderJsonl } from '../../platform/audit/render-rows.ts';
import { COST_GROUPS, type CostGroup } from '../../platform/audit/sum-costs.ts';
import type { TrailReading } from '../open-stores.ts';
import { renderUsd, showCosts } from './audit-costs.ts';
import { CommandError, EXIT, messageOf } from './command-error.ts';
import { withStores } from './command-stores.ts';
import { parseMoment } from './parse-moment.ts';
import { type DataOptions, withDataOptions } from './shared-options.ts';
import { type Cell, paint, print, printJson, printNote, printTable, renderTime, showForeign } from './terminal.ts';
import { verifyTrailCommand } from './verify-trail.ts';

interface AuditOptions extends DataOptions {
  readonly key?: string;
  readonly server?: string;
  readonly tool?: string;
  readonly kind?: string;
  readonly run?: string;
  readonly result?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit?: string;
  readonly follow?: boolean;
  readonly json?: boolean;
}

interface ExportOptions extends AuditOptions {
  readonly format: string;
  readonly out?: string;
}

type Row = TrailRow & { readonly seq: number };
type Rows = Iterable<Row> | AsyncIterable<Row>;

const FOLLOW_EVERY_MS = 500;
const EXPORT_PIECE_ROWS = 500;
const RESULTS = ['ok', 'tool-error', 'rpc-error', 'refused', 'failed', 'cancelled', 'unknown'];

function momentOption(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseMoment(text, Date.now(), -1);
  if (ms !== undefined) return ms;
  throw new CommandError(EXIT.usage, `${option} wants a span such as 1h, or a time such as 2026-12-31T10:00:00Z`);
}

function filterFrom(options: AuditOptions, defaultLimit: number | undefined): TrailFilter {
  const sinceMs = momentOption(options.since, '--since');
  const untilMs = momentOption(options.until, '--until');
  const limit = options.limit === undefined ? defaultLimit : Number(options.limit);
  if (limit !== undefined && !(Number.isSafeInteger(limit) && limit > 0)) {
    throw new CommandError(EXIT.usage, '--limit wants a positive number');
  }
  return {
    ...(sinceMs === undefined ? {} : { sinceMs }),
    ...(untilMs === undefined ? {} : { untilMs }),
    ...(limit === undefined ? {} : { limit }),
    ...(options.key === undefined ? {} : { key: options.key }),
    ...(options.server === undefined ? {} : { server: options.server }),
    ...(options.tool === undefined ? {} : { name: options.tool }),
    ...(options.kind === undefined ? {} : { kind: options.kind }),
    ...(options.run === undefined ? {} : { runId: options.run }),
    ...(options.result === undefined ? {} : { result: options.result }),
  };
}

function resultCell(row: Row): Cell {
  if (row.result === undefined) return { text: 'running', style: 'dim' };
  const rule = row.policy === undefined ? '' : ` (${row.policy.rule})`;
  const text = row.error === undefined ? row.result : `${row.result} ${row.error}${rule}`;
  return { text, style: row.result === 'ok' ? 'green' : row.result === 'unknown' ? 'magenta' : 'red' };
}

const HEADING = ['TIME', 'KEY', 'KIND', 'SERVER', 'NAME', 'RESULT', 'MS', 'UPSTREAM MS', 'BYTES'];

function cellsOf(row: Row): Cell[] {
  return [
    renderTime(row.atMs),
    row.keyName ?? '-',
    row.kind,
    row.serverId ?? '-',
    row.target ?? (row.name || '-'),
    resultCell(row),
    row.totalMs?.toFixed(1) ?? '-',
    row.upstreamMs?.toFixed(1) ?? '-',
    row.resultBytes?.toString() ?? '-',
  ];
}

const MODEL_HEADING = ['TOKENS', 'FIRST MS', 'COST'];

/** `in>out`, with `~` where it is estimated, and what went wrong on the way. */
function modelCellsOf({ model, priceMicroUsd }: Row): Cell[] {
  const usage = model?.usage;
  const tokens = usage === undefined ? '-' : `${usage.estimated ? '~' : ''}${usage.inputTokens}>${usage.outputTokens}`;
  const tries = model === undefined || model.attempts.length < 2 ? '' : ` (${model.attempts.length} tries)`;
  return [
    `${tokens}${tries}`,
    model?.firstByteMs?.toFixed(1) ?? '-',
    priceMicroUsd === undefined ? '-' : renderUsd(priceMicroUsd),
  ];
}

function printRow(row: Row): void {
  const cells = [...cellsOf(row), ...(row.model === undefined ? [] : modelCellsOf(row))].map((cell) => {
    if (typeof cell === 'string') return showForeign(cell).replace(/\s+/g, ' ');
    return paint(cell.style, cell.text);
  });
  print(cells.join(process.stdout.isTTY ? '  ' : '\t'));
}

const withReader = (options: DataOptions, use: (reader: TrailReading) => Promise<void>): Promise<void> =>
  withStores(options, async (stores) => use(await stores.trail()));

async function followRows(reader: TrailReading, filter: TrailFilter, asJson: boolean): Promise<void> {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  let afterSeq = 0;
  const show = async (rows: Rows): Promise<void> => {
    for await (const row of rows) {
      if (asJson) process.stdout.write(renderJsonl([row]));
      else printRow(row);
      afterSeq = Math.max(afterSeq, row.seq);
    }
  };
  await reader.fold();
  await show(reader.query(filter));
  const { limit: _, ...unlimited } = filter;
  while (!stop.signal.aborted) {
    await sleep(FOLLOW_EVERY_MS, undefined, { signal: stop.signal }).catch(() => undefined);
    await reader.fold();
    await show(reader.query({ ...unlimited, afterSeq }));
  }
}

async function runList(reader: TrailReading, options: AuditOptions): Promise<void> {
  const filter = filterFrom(options, options.follow ? 10 : 50);
  if (options.follow) return followRows(reader, filter, options.json ?? false);
  await reader.fold();
  const rows: Row[] = [];
  for await (const row of reader.query(filter)) rows.push(row);
  if (options.json) {
    process.stdout.write(renderJsonl(rows));
    return;
  }
  if (rows.length === 0) printNote('No calls match.');
  if (rows.every(({ model }) => model === undefined)) return printTable(HEADING, rows.map(cellsOf));
  printTable(
    [...HEADING, ...MODEL_HEADING],
    rows.map((row) => [...cellsOf(row), ...modelCellsOf(row)]),
  );
}

/** Pieces of a few hundred rows, so that an export of any size needs little memory. */
async function* renderPieces(rows: Rows, format: string): AsyncGenerator<string> {
  const render = (piece: readonly Row[], isFirst: boolean): string =>
    format === 'csv' ? renderCsv(piece, { header: isFirst }) : renderJsonl(piece);
  let piece: Row[] = [];
  let isFirst = true;
  for await (const row of rows) {
    piece.push(row);
    if (piece.length < EXPORT_PIECE_ROWS) continue;
    yield render(piece, isFirst);
    piece = [];
    isFirst = false;
  }
  if (isFirst || piece.length > 0) yield render(piece, isFirst);
}

async function runExport(reader: TrailReading, options: ExportOptions): Promise<void> {
  const filter = filterFrom(options, undefined);
  await reader.fold();
  const pieces = renderPieces(reader.query(filter), options.format);
  if (options.out === undefined) {
    for await (const piece of pieces) if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
    return;
  }
  try {
    const file = openSync(options.out, 'w', 0o600);
    try {
      for await (const piece of pieces) writeSync(file, piece);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new CommandError(EXIT.failed, `the export failed: ${messageOf(error)}`);
  }
  printNote(`written to ${options.out}`);
}

function withFilters(command: Command): Command {
  return withDataOptions(command)
    .option('--key <key>', 'only calls of this key (name or id)')
    .option('--server <id>', 'only calls to this server or provider')
    .option('--tool <name>', 'only this tool, prompt, resource or model')
    .option('--kind <kind>', 'only this kind, such as tools.call or chat')
    .option('--run <id>', 'only calls of this run or conversation')
    .addOption(new Option('--result <class>', 'only this result').choices(RESULTS))
    .option('--since <when>', 'span back from now (1h, 7d) or a time')
    .option('--until <when>', 'span back from now or a time')
    .option('--limit <n>', 'at most this many, newest first');
}

interface CostsOptions extends AuditOptions {
  readonly by: CostGroup;
}

async function runVerifySpend(reader: TrailReading, options: { readonly json?: boolean }): Promise<void> {
  await reader.fold();
  const { figures, rowsGoneUntilMs, differences } = await reader.verifySpend();
  const since = rowsGoneUntilMs < 0 ? null : new Date(rowsGoneUntilMs).toISOString();
  if (options.json) printJson({ figures, since, differences });
  else if (differences.length > 0)
    printTable(
      ['LEVEL', 'QUARTER OF AN HOUR', 'TARGET', 'LEDGER', 'CALLS'],
      differences.map(({ level, atMs, target, ledger, rows }) => [
        ...[`${level.type} ${level.id}`, renderTime(atMs), target ?? '(all)', renderUsd(ledger), renderUsd(rows)],
      ]),
    );
  if (since !== null && !options.json)
    printNote(`Calls up to ${since} are gone from the trail: only newer figures were compared.`);
  if (differences.length > 0) throw new CommandError(EXIT.failed, 'the ledger is not the sum of the calls');
  if (!options.json) print(`The ledger is the sum of the calls: ${figures} figures.`);
}

/** Adds the command. */
export function auditCommand(program: Command): void {
  const audit = program.command('audit').description('Show, follow and export the audit trail');
  withFilters(audit.command('list', { isDefault: true }))
    .description('Show calls, the newest 50 unless told otherwise')
    .option('-f, --follow', 'keep showing calls as they are recorded')
    .option('--json', 'print one JSON object per line')
    .addHelpText(
      'after',
      `
Examples:
  portcullis audit --since 1h --result tool-error
  portcullis audit --follow --server filesystem
  portcullis audit export --format csv --since 30d --out calls.csv`,
    )
    .action((options: AuditOptions) => withReader(options, (reader) => runList(reader, options)));
  withDataOptions(audit.command('costs'))
    .description('Add up what calls of tools and models cost, and the tokens they took')
    .addOption(new Option('--by <what>', 'one line for each').choices(COST_GROUPS).default('key'))
    .option('--key <key>', 'only calls of this key (name or id)')
    .option('--server <id>', 'only calls to this server or provider')
    .option('--tool <name>', 'only this tool or model')
    .option('--run <id>', 'only calls of this run or conversation')
    .option('--since <when>', 'span back from now (1h, 7d) or a time')
    .option('--until <when>', 'span back from now or a time')
    .option('--json', 'print as a JSON array')
    .action((options: CostsOptions) =>
      withStores(options, (stores) => showCosts(stores, options.by, filterFrom(options, undefined), options.json)),
    );
  verifyTrailCommand(audit);
  withDataOptions(audit.command('verify-spend'))
    .description('Add up every call anew and compare what each level has spent with it')
    .option('--json', 'print as JSON')
    .action((options: DataOptions & { readonly json?: boolean }) =>
      withReader(options, async (reader) => runVerifySpend(reader, options)),
    );
  withFilters(audit.command('export'))
    .description('Write every matching call, oldest first')
    .addOption(new Option('--format <format>', 'file format').choices(['jsonl', 'csv']).default('jsonl'))
    .option('-o, --out <file>', 'file to write (default: standard output)')
    .action((options: ExportOptions) => withReader(options, (reader) => runExport(reader, options)));
}
