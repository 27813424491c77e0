/** The tables of the capacity guide: what was measured, and what follows from it by the guide's model. */

import { OURS } from '../harness/lab.ts';
import type { Result } from '../scenarios/scenario.ts';
import { ms, table, whole } from './table.ts';

/** Of a core, so that a burst finds room. */
export const PLANNED_USE = 0.6;
const MICROS_PER_SECOND = 1_000_000;
const SECONDS_PER_DAY = 86_400;
const BYTES_PER_GB = 1_000_000_000;

/** Requests a second of one core, if each takes so many microseconds of it and it is used as planned. */
export const plannedRate = (usPerRequest: number): number => (PLANNED_USE * MICROS_PER_SECOND) / usPerRequest;

/** Kinds of requests, in the words of the guide. */
const KINDS: readonly (readonly [scenario: string, name: string])[] = [
  ['call-modern', 'tools/call, revision 2026-07-28, server on HTTP'],
  ['call-legacy', 'tools/call in a session of 2025-11-25, server on HTTP'],
  ['call-stdio', 'tools/call, server on stdio'],
  ['chat-plain', 'chat, same dialect, answered whole'],
  ['chat-51kb', 'chat with a request of 51 KB'],
  ['chat-100-tools', 'chat to which 100 tools are added'],
  ['chat-translated', 'chat, translated between dialects'],
  ['messages', 'Messages'],
  ['responses', 'Responses'],
  ['gemini', 'generateContent'],
  ['chat-stream', 'chat as a stream of 200 pieces'],
  ['chat-translated-stream', 'chat as a stream of 200 pieces, translated'],
  ['execute', 'execution of a suggested call'],
  ['agent-round', 'agent mode: a chat, a tool, a chat'],
  ['codemode-run', 'a run of Code Mode'],
];

export function renderCapacity(results: readonly Result[]): string {
  const parts = [oneCore(results), atLowRates(results), memory(results), stores(results), disk(results)];
  const filled = parts.filter((part) => part !== undefined);
  return filled.length === 0 ? 'Nothing was measured yet: `npm run bench -- --write-docs` does.' : filled.join('\n\n');
}

function oneCore(results: readonly Result[]): string | undefined {
  const rows = KINDS.flatMap(([scenario, name]) => {
    const row = results.find((result) => result.name === scenario)?.rows?.find((each) => each.name === OURS);
    if (row === undefined) return [];
    return [[name, whole(row.us.median), whole(row.maxRps), whole(plannedRate(row.us.median))]];
  });
  if (rows.length === 0) return undefined;
  const head = ['', 'CPU µs each', 'measured: most a second', `to plan with: ${PLANNED_USE * 100} % of a core`];
  return `### What one core carries\n\n${table(head, rows)}`;
}

function atLowRates(results: readonly Result[]): string | undefined {
  const rows: string[][] = [];
  for (const rate of results.find(({ name }) => name === 'rates')?.rates ?? [])
    if (rate.name === OURS) rows.push(['tools/call', whole(rate.rate), whole(rate.usPerCall)]);
  for (const rate of results.find(({ name }) => name === 'chat-plain')?.rates ?? [])
    if (rate.name === OURS) rows.push(['chat', whole(rate.rate), whole(rate.usPerCall)]);
  const chat = loadOf(results, 'chat');
  if (chat !== undefined)
    rows.push([`chat with a model that takes ${chat.modelMs} ms`, whole(chat.rate), whole(chat.usPerCall)]);
  if (rows.length === 0) return undefined;
  return `### The same at lower rates\n\n${table(['', 'a second', 'CPU µs each'], rows)}`;
}

function memory(results: readonly Result[]): string | undefined {
  const rows: string[][] = [];
  const start = loadOf(results, 'start');
  if (start !== undefined) rows.push(['a gateway at rest, no servers', `${whole(start.empty.restMb)} MB`]);
  const idle = loadOf(results, 'idle');
  if (idle !== undefined) {
    rows.push(['a session of a legacy client', `${idle.kbPerSession.toFixed(1)} KB`]);
    rows.push(['a stream its client listens on', `${idle.kbPerListener.toFixed(1)} KB`]);
    const { full } = idle;
    if (full !== undefined && full.mostAtOnce > 0) {
      const kb = ((full.rssMb - idle.sessionsRssMb) * 1_000) / full.mostAtOnce;
      rows.push(['a streamed chat under way, resident', `${whole(kb)} KB`]);
      const what = `${whole(idle.sessions)} sessions and ${whole(full.mostAtOnce)} streams, resident`;
      rows.push([what, `${whole(full.rssMb)} MB`]);
    }
  }
  const chat = loadOf(results, 'chat');
  if (chat !== undefined)
    rows.push([`${whole(chat.rate)} chats of ${chat.modelMs} ms a second, peak`, `${whole(chat.memory.peak)} MB`]);
  return rows.length === 0 ? undefined : `### Memory\n\n${table(['', 'takes'], rows)}`;
}

function stores(results: readonly Result[]): string | undefined {
  const rows = results.flatMap(({ load }) => load?.stores?.rows ?? []);
  if (rows.length === 0) return undefined;
  const planned = (us: number): string => (us === 0 ? '' : whole(plannedRate(us)));
  const head = ['', 'kind', 'gateway µs', 'PostgreSQL µs', 'Redis µs', 'p50 ms', 'p99 ms', 'a core of PostgreSQL'];
  const text = table(
    [...head, 'a core of Redis'],
    rows.map((row) => [
      ...[row.stores, row.kind, whole(row.gatewayUs), whole(row.postgresUs), whole(row.redisUs)],
      ...[ms(row.ms.p50), ms(row.ms.p99), planned(row.postgresUs), planned(row.redisUs)],
    ]),
  );
  return `### Stores\n\n${text}`;
}

function disk(results: readonly Result[]): string | undefined {
  const trails = results.find(({ name }) => name === 'load-stores')?.load?.stores?.trails ?? [];
  if (trails.length === 0) return undefined;
  const rows = trails.map(({ stores: name, bytesPerRow }) => [
    ...[name, whole(bytesPerRow)],
    ((bytesPerRow * SECONDS_PER_DAY) / BYTES_PER_GB).toFixed(2),
  ]);
  return `### Disk\n\n${table(['trail in', 'bytes a call', 'GB a day for each call a second'], rows)}`;
}

type Load = NonNullable<Result['load']>;

function loadOf<K extends keyof Load>(results: readonly Result[], key: K): Load[K] | undefined {
  for (const { load } of results) if (load?.[key] !== undefined) return load[key];
  return undefined;
}
