/** The goals for load, start and size. */

import { OURS } from '../harness/lab.ts';
import type { LoadFigures, MixedLoad, StartFigures, StartRow } from '../scenarios/load/figures.ts';
import { atMost, type Find, type Goal, type Verdict } from './verdict.ts';

const MAX_CHAT_ADDED_MS = { p50: 0.5, p99: 50 };
const MAX_FULL_MB = 600;
/** What a session took when it was first measured, and as much again for the noise of small counts. */
const MAX_SESSION_KB = 2;
const MAX_READY_MS = 1_000;
const MAX_TIMES_BARE = 15;
const MAX_PACKED_MB = 10;
const MAX_MIXED_HEAP_MB = 5;

const goal = (scenario: string, what: string, unit: string, digits: number, fails = false): Goal => ({
  ...{ scenario, what: `${scenario}: ${what}`, unit, digits, fails },
});

/** Nothing may have failed, been lost or come twice: anything else is gross, whatever the machine does. */
function none(scenario: string, what: string, found: readonly number[], isGross = true): Verdict {
  const isMet = found.every((count) => count === 0);
  return {
    ...{ scenario, what: `${scenario}: ${what}`, found: found.join(', '), target: 'none', factor: undefined, isMet },
    isGross: isGross && !isMet,
  };
}

function judgeChat(chat: NonNullable<LoadFigures['chat']>): Verdict[] {
  const scenario = 'load-chat';
  return [
    atMost(goal(scenario, `added p50 at ${chat.rate}/s`, 'ms', 2), chat.addedMs.p50, MAX_CHAT_ADDED_MS.p50),
    atMost(goal(scenario, `added p99 at ${chat.rate}/s`, 'ms', 1), chat.addedMs.p99, MAX_CHAT_ADDED_MS.p99),
    none(scenario, 'failed, unanswered', [chat.failed, chat.unanswered], chat.failed > 0),
    // One the generator gave up waiting for at the end may still have its row.
    none(scenario, 'missing in the trail', [chat.made - chat.trailRows], chat.unanswered === 0),
  ];
}

function judgeIdle(idle: NonNullable<LoadFigures['idle']>): Verdict[] {
  const scenario = 'load-idle';
  const perSession = goal(scenario, `memory of one of ${idle.sessions} idle sessions`, 'KB', 2, true);
  const verdicts = [atMost(perSession, idle.kbPerSession, MAX_SESSION_KB)];
  if (idle.full === undefined) return verdicts;
  const { streams, rssMb, failed, unanswered, broken } = idle.full;
  const memory = goal(scenario, `resident with ${idle.sessions} sessions and ${streams} streams`, 'MB', 0);
  return [
    ...verdicts,
    atMost(memory, rssMb, MAX_FULL_MB),
    none(scenario, 'failed, unanswered, broken streams', [failed, unanswered, broken], failed + broken > 0),
  ];
}

function judgeMixed({ kinds, trail, spent, verified, heapMb }: MixedLoad): Verdict[] {
  const scenario = 'load-mixed';
  const sum = (pick: (kind: MixedLoad['kinds'][number]) => number): number =>
    kinds.reduce((total, kind) => total + pick(kind), 0);
  const unanswered = sum((kind) => kind.unanswered);
  const failed = sum((kind) => kind.failed);
  const lost = trail.map(({ made, rows }) => made - rows);
  const money = [spent.expected - spent.trail, spent.trail - spent.ledger, verified.differences];
  return [
    none(scenario, 'failed, unanswered', [failed, unanswered], failed > 0),
    none(scenario, `missing in the trail (${trail.map(({ kind }) => kind).join(', ')})`, lost, unanswered === 0),
    none(scenario, 'microdollars: prices − trail, trail − ledger; verify-spend', money, unanswered === 0),
    atMost(goal(scenario, 'memory grows', 'MB', 1), heapMb.after - heapMb.before, MAX_MIXED_HEAP_MB),
  ];
}

/** Against whichever peer is best at it. */
function ahead(what: string, unit: string, digits: number, own: number, peers: readonly number[]): Verdict[] {
  if (peers.length === 0) return [];
  const best = Math.min(...peers);
  const verdict = atMost(goal('start', `${what}, against the best peer`, unit, digits), own, best);
  return [{ ...verdict, target: `at most ${best.toFixed(digits)} ${unit}` }];
}

function judgeStart({ empty, timesBare, rows, sizes }: StartFigures): Verdict[] {
  const own = rows.find(({ name }) => name === OURS);
  const size = sizes.find(({ name }) => name === OURS);
  const others = rows.filter(({ name }) => name !== OURS);
  const of = (pick: (row: StartRow) => number | undefined): number[] =>
    others.map(pick).filter((value) => value !== undefined);
  const sizesOf = (pick: (row: (typeof sizes)[number]) => number): number[] =>
    sizes.filter(({ name }) => name !== OURS).map(pick);
  const verdicts = [atMost(goal('start', '× a bare start of node', '×', 1, true), timesBare, MAX_TIMES_BARE)];
  if (empty.readyMs !== undefined)
    verdicts.push(atMost(goal('start', 'ready without servers', 'ms', 0), empty.readyMs, MAX_READY_MS));
  if (own?.firstCallMs !== undefined)
    verdicts.push(
      ...ahead(
        'first call',
        'ms',
        0,
        own.firstCallMs,
        of((row) => row.firstCallMs),
      ),
      ...ahead(
        'memory at rest',
        'MB',
        0,
        own.restMb,
        of((row) => row.restMb),
      ),
    );
  if (size === undefined) return verdicts;
  return [
    ...verdicts,
    atMost(goal('start', 'download', 'MB', 1), size.packedMb, MAX_PACKED_MB),
    ...ahead(
      'download',
      'MB',
      1,
      size.packedMb,
      sizesOf(({ packedMb }) => packedMb),
    ),
    ...ahead(
      'installed',
      'MB',
      1,
      size.installedMb,
      sizesOf(({ installedMb }) => installedMb),
    ),
  ];
}

function judgeStores(scenario: string, { rows, trails }: NonNullable<LoadFigures['stores']>): Verdict[] {
  const failed = rows.reduce((sum, row) => sum + row.failed, 0);
  const unanswered = rows.reduce((sum, row) => sum + row.unanswered, 0);
  const lost = trails.map((trail) => trail.made - trail.rows);
  return [
    none(scenario, 'failed, unanswered', [failed, unanswered], failed > 0),
    none(scenario, `missing in the trail (${trails.map(({ stores }) => stores).join(', ')})`, lost, unanswered === 0),
  ];
}

export function judgeLoad(find: Find): Verdict[] {
  const of = <Name extends keyof LoadFigures>(scenario: string, name: Name): LoadFigures[Name] | undefined =>
    find(scenario)?.load?.[name];
  const chat = of('load-chat', 'chat');
  const idle = of('load-idle', 'idle');
  const mixed = of('load-mixed', 'mixed');
  const start = of('start', 'start');
  const stores = of('load-stores', 'stores');
  const replicas = of('load-replicas', 'stores');
  return [
    ...(chat === undefined ? [] : judgeChat(chat)),
    ...(idle === undefined ? [] : judgeIdle(idle)),
    ...(mixed === undefined ? [] : judgeMixed(mixed)),
    ...(start === undefined ? [] : judgeStart(start)),
    ...(stores === undefined ? [] : judgeStores('load-stores', stores)),
    ...(replicas === undefined ? [] : judgeStores('load-replicas', replicas)),
  ];
}
