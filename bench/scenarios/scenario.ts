/** What a scenario is, and what it hands to the reports. */

import type { BookkeepingFigures } from '../bookkeeping.ts';
import type { Lab, Subject } from '../harness/lab.ts';
import type { RateRow, Row } from '../harness/rounds.ts';
import type { ModelBookkeepingFigures } from '../model-bookkeeping.ts';
import type { WrkCheck } from './check-generator.ts';
import type { Growth } from './growth.ts';
import type { LoadFigures } from './load/figures.ts';
import type { Soak } from './soak.ts';
import type { Streams } from './streams.ts';

export interface Result {
  readonly name: string;
  readonly title: string;
  readonly rows?: readonly Row[];
  readonly rates?: readonly RateRow[];
  readonly growth?: Growth;
  readonly soak?: Soak;
  readonly streams?: Streams;
  readonly load?: LoadFigures;
  readonly bookkeeping?: BookkeepingFigures;
  readonly modelBookkeeping?: ModelBookkeepingFigures;
  readonly wrk?: readonly WrkCheck[];
  /** What was left out, and why. */
  readonly notes?: readonly string[];
}

export interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly inShort: boolean;
  /** Also part of what CI runs; default false. */
  readonly inGuard?: boolean;
  run(lab: Lab): Promise<Omit<Result, 'name' | 'title'>>;
}

/** The mock itself, as the zero of added latency. */
export function direct(mockPort: number): Subject {
  return { name: 'direct', port: mockPort, pids: [] };
}

/** The tool the mock answers; a gateway in front shows it under its server's name. */
export const TOOL = 'echo';
export const EXPOSED_TOOL = 'mock__echo';

/** A mock as our configuration names it. */
export function httpServer(port: number, path = '/mcp'): object {
  return { type: 'http', url: `http://127.0.0.1:${port}${path}` };
}
