/** What a profile shows, as tables. */

import { table } from '../report/table.ts';
import { type Frame, sharesByKind, topFunctions } from './fold-profile.ts';

export interface Profiled {
  readonly name: string;
  readonly title: string;
  readonly root: Frame;
  /** Calls answered in the time of the profile, and that time. */
  readonly calls: number;
  readonly seconds: number;
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Microseconds of the main thread that each call took. */
const usPerCall = ({ root, calls }: Profiled): number => root.totalUs / calls;

export function renderKinds(profiled: Profiled): string {
  const rows = sharesByKind(profiled.root).map(({ kind, share }) => [
    kind,
    percent(share),
    (share * usPerCall(profiled)).toFixed(1),
  ]);
  return table(['kind of code', 'share of CPU', 'µs per call'], rows);
}

export function renderFunctions(profiled: Profiled, count: number): string {
  const rows = topFunctions(profiled.root, count).map(({ place, share, owner }) => [
    `\`${place.name.replaceAll('|', '\\|')}\``,
    place.where === '' ? place.kind : `\`${place.where}\``,
    percent(share),
    (share * usPerCall(profiled)).toFixed(2),
    owner === undefined ? '' : `\`${owner.name}\` \`${owner.where}\``,
  ]);
  return table(['function', 'where', 'self time', 'µs per call', 'mostly on behalf of'], rows);
}

/** How much was looked at. */
export function renderExtent(profiled: Profiled): string {
  const { calls, seconds, root } = profiled;
  const busy = percent(root.totalUs / (seconds * 1_000_000));
  return `${calls.toLocaleString('en')} calls in ${seconds.toFixed(1)} s, main thread busy ${busy} of the time, ${usPerCall(profiled).toFixed(1)} µs of it per call (the profiler's own work included).`;
}
