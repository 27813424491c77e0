/** The conformance matrix: which cells there are, what each has to reach, and what the gateway lost of what the fixture could do. */

import type { Revision, SuiteResult } from './suite.ts';

export const UPSTREAMS = ['legacy', 'modern', 'both'] as const;
export type Upstream = (typeof UPSTREAMS)[number];

/** `direct`: the fixture itself. `server`: `/mcp/{server}`. `toolset`: `/mcp/t/{toolset}`, three servers behind it. */
export const ROUTES = ['direct', 'server', 'toolset'] as const;
export type Route = (typeof ROUTES)[number];

export interface Cell {
  readonly route: Route;
  readonly revision: Revision;
  readonly upstream: Upstream;
  /** Scored scenarios that have to pass; undefined: nobody can expect anything of it. */
  readonly goal: number | undefined;
}

const SUITES: readonly { readonly revision: Revision; readonly home: Upstream; readonly scored: number }[] = [
  { revision: '2025-11-25', home: 'legacy', scored: 30 },
  { revision: '2026-07-28', home: 'modern', scored: 37 },
];

/** Scored scenarios in which a client is examined. */
export const CLIENT_SCORED: { readonly [revision in Revision]: number } = { '2025-11-25': 18, '2026-07-28': 32 };

/** Every cell. A server of one era cannot pass the other's suite by itself; through the gateway it has to. */
export function planCells(): Cell[] {
  return ROUTES.flatMap((route) =>
    SUITES.flatMap(({ revision, home, scored }) =>
      UPSTREAMS.map((upstream): Cell => {
        const isExpected = route !== 'direct' || upstream === home || upstream === 'both';
        return { route, revision, upstream, goal: isExpected ? scored : undefined };
      }),
    ),
  );
}

/** Also the name of its folder, and of the file with its expected failures. */
export const nameOf = ({ route, revision, upstream }: Omit<Cell, 'goal'>): string => `${route}-${revision}-${upstream}`;

export interface Verdict {
  readonly ok: boolean;
  /** Scenarios, scored or not, that the fixture passes alone and not through the gateway. */
  readonly lost: readonly string[];
  readonly complaints: readonly string[];
}

/** `direct`: the same suite against the same upstream without the gateway, if it was run. */
export function judge(cell: Cell, result: SuiteResult, direct: SuiteResult | undefined): Verdict {
  const alone = new Set(direct?.scenarios.filter(({ passed }) => passed).map(({ name }) => name));
  const lost = result.scenarios.filter(({ name, passed }) => !passed && alone.has(name)).map(({ name }) => name);
  const scored = result.scenarios.filter((scenario) => scenario.scored);
  const reached = cell.goal === undefined || (scored.length === cell.goal && scored.every(({ passed }) => passed));
  const complaints = cell.goal === undefined ? [] : result.complaints;
  return { ok: reached && lost.length === 0 && complaints.length === 0, lost, complaints };
}

/** `passed/all` of the scored or of the other scenarios. */
export function count(result: SuiteResult, scored: boolean): string {
  const all = result.scenarios.filter((scenario) => scenario.scored === scored);
  return `${all.filter(({ passed }) => passed).length}/${all.length}`;
}
