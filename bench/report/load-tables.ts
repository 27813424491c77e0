/** The results of the scenarios of load, start and size as Markdown tables. */

import type {
  ChatLoad,
  IdleLoad,
  LoadFigures,
  MixedLoad,
  Percentiles,
  StartFigures,
  StoresLoad,
} from '../scenarios/load/figures.ts';
import { ms, table, times, whole } from './table.ts';

const pair = ({ p50, p99 }: Percentiles): string => `${ms(p50)}, ${ms(p99)} ms`;
const mb = (value: number): string => `${whole(value)} MB`;
const optional = (value: number | undefined): string => (value === undefined ? '–' : whole(value));

function chatText(chat: ChatLoad): string {
  return table(
    ['', ''],
    [
      ['length', `${chat.seconds} s at ${whole(chat.rate)} chats/s`],
      ['straight to the model: p50, p99', pair(chat.directMs)],
      ['added by the gateway: p50, p99', pair(chat.addedMs)],
      ['failed, unanswered', `${whole(chat.failed)}, ${whole(chat.unanswered)}`],
      ['CPU per chat', `${whole(chat.usPerCall)} µs`],
      ['resident memory at the end, peak', `${mb(chat.memory.rss)}, ${mb(chat.memory.peak)}`],
      ['chats made, warm-up included; rows in the trail', `${whole(chat.made)}; ${whole(chat.trailRows)}`],
      ['the generator itself was late (p99)', `${ms(chat.lateP99Ms)} ms`],
    ],
  );
}

function idleText(idle: IdleLoad): string {
  const rows = [
    ['idle sessions', `${whole(idle.sessions)} of ${idle.keys} keys`],
    ['one session, heap + external after garbage collection', `${idle.kbPerSession.toFixed(2)} KB`],
    [`a stream its client listens on (GET), ${whole(idle.listening)} of them`, `${idle.kbPerListener.toFixed(2)} KB`],
    ['resident memory before, with sessions and listeners', `${mb(idle.restRssMb)}, ${mb(idle.sessionsRssMb)}`],
  ];
  const { full } = idle;
  if (full !== undefined)
    rows.push(
      ['live streams of chats besides, broken', `${whole(full.mostAtOnce)}, ${whole(full.broken)}`],
      ['resident memory with all of them', mb(full.rssMb)],
      [`tools/call in the sessions at ${full.rate}/s: p50, p99`, pair(full.callMs)],
      ['calls failed, unanswered', `${whole(full.failed)}, ${whole(full.unanswered)}`],
      ['CPU of the gateway meanwhile', `${full.cores.toFixed(2)} cores`],
    );
  return table(['', ''], rows);
}

function mixedText(mixed: MixedLoad): string {
  const kinds = table(
    ['', 'a second', 'made', 'failed', 'unanswered', 'p50 ms', 'p99 ms'],
    mixed.kinds.map((kind) => [
      ...[kind.name, whole(kind.rate), whole(kind.made), whole(kind.failed), whole(kind.unanswered)],
      ...[ms(kind.ms.p50), ms(kind.ms.p99)],
    ]),
  );
  const trail = table(
    ['in the trail', 'made', 'rows', 'not ok'],
    mixed.trail.map(({ kind, made, rows, notOk }) => [kind, whole(made), whole(rows), whole(notOk)]),
  );
  const { spent, verified, heapMb } = mixed;
  const facts = table(
    ['', ''],
    [
      ['length', `${whole(mixed.seconds)} s`],
      ['microdollars by the prices, in the trail, in the ledger', Object.values(spent).map(whole).join('; ')],
      ['audit verify-spend: figures compared, differences', `${whole(verified.figures)}, ${verified.differences}`],
      ['heap + external after garbage collection', `${heapMb.before.toFixed(1)} → ${heapMb.after.toFixed(1)} MB`],
      ['CPU per request', `${whole(mixed.usPerCall)} µs`],
      ['event loop delay p99', `${ms(mixed.loopDelayP99Ms)} ms`],
    ],
  );
  return `${kinds}\n\n${trail}\n\n${facts}`;
}

function startText(start: StartFigures): string {
  const rows = [start.empty, ...start.rows].map((row) => [
    ...[row.name, optional(row.listeningMs), optional(row.readyMs), optional(row.firstCallMs), whole(row.restMb)],
  ]);
  const starts = table(['ms from the command', 'listening', 'ready', 'first call', 'MB at rest'], rows);
  const bare = `\`node -e 0\`, beside them: ${whole(start.bareMs)} ms. Ready without servers is ${times(start.timesBare)} × that.`;
  if (start.sizes.length === 0) return `${starts}\n\n${bare}`;
  const sizes = table(
    ['', 'download MB', 'installed MB', 'packages'],
    start.sizes.map((size) => [size.name, ms(size.packedMb), ms(size.installedMb), whole(size.packages)]),
  );
  return `${starts}\n\n${bare}\n\n${sizes}`;
}

function storesText({ rows, trails }: StoresLoad): string {
  const calls = table(
    ['stores', 'kind', 'a second', 'p50 ms', 'p99 ms', 'failed', 'gateway µs', 'PostgreSQL µs', 'Redis µs'],
    rows.map((row) => [
      ...[row.stores, row.kind, whole(row.rate), ms(row.ms.p50), ms(row.ms.p99), whole(row.failed + row.unanswered)],
      ...[whole(row.gatewayUs), whole(row.postgresUs), whole(row.redisUs)],
    ]),
  );
  const kept = table(
    ['trail', 'made', 'rows', 'bytes a row'],
    trails.map((trail) => [trail.stores, whole(trail.made), whole(trail.rows), whole(trail.bytesPerRow)]),
  );
  return `${calls}\n\n${kept}`;
}

export function loadText({ chat, idle, mixed, start, stores }: LoadFigures): string {
  const parts = [
    chat === undefined ? '' : chatText(chat),
    idle === undefined ? '' : idleText(idle),
    mixed === undefined ? '' : mixedText(mixed),
    start === undefined ? '' : startText(start),
    stores === undefined ? '' : storesText(stores),
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}
