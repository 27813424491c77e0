/**
 * A lab in which scenarios set up what they always do, but only the gateway is loaded: once to become warm, once for
 * the profile. So no scenario has to be written twice.
 */

import type { Job, Report } from '../generator.ts';
import type { Gateway } from '../harness/gateway.ts';
import type { Lab } from '../harness/lab.ts';
import type { Window } from './fold-profile.ts';

export interface Profiling {
  readonly lab: Lab;
  /** When the gateway was loaded, and what the generator found. Throws if it never was, or answered wrongly. */
  loaded(): { readonly window: Window; readonly report: Report };
  /** Ends the gateways in an orderly way, which is when they write their profiles. */
  end(): Promise<void>;
}

const WARM_SECONDS = 4;
const PROFILED_SECONDS = 8;
const MAX_REQUESTS = 1_000_000;

/** What jobs that are left out are said to have found. */
const NOTHING: Report = {
  ...{ answered: 1, failed: 0, unanswered: 0, seconds: 1, lateP99Ms: 0, firstFailure: undefined, connectionsLost: 0 },
  latencyMs: { p50: 0, p90: 0, p99: 0, p999: 0, max: 0 },
  phasesP50Ms: {},
};

/** The clock V8 takes its samples by. */
const nowUs = (): number => Number(process.hrtime.bigint() / 1_000n);

export function createProfilingLab(lab: Lab, nodeFlags: readonly string[]): Profiling {
  let gateways: readonly Gateway[] = [];
  let jobs = 0;
  let found: { window: Window; report: Report } | undefined;

  const run = async (job: Job): Promise<Report> => {
    if (job.rate > 0 || gateways.every(({ port }) => port !== job.port)) return NOTHING;
    jobs++;
    if (jobs > 2) return NOTHING;
    const maxSeconds = jobs === 1 ? WARM_SECONDS : PROFILED_SECONDS;
    const fromUs = nowUs();
    const report = await lab.load.run({ ...job, requests: MAX_REQUESTS, maxSeconds });
    if (jobs === 2) found = { window: { fromUs, toUs: nowUs() }, report };
    return report;
  };
  return {
    lab: {
      ...lab,
      load: { ...lab.load, run },
      async startGateways(setup) {
        gateways = await lab.startGateways({ ...setup, nodeFlags });
        return gateways;
      },
    },
    async end() {
      await Promise.all(gateways.map((gateway) => gateway.stop()));
    },
    loaded() {
      if (found === undefined) throw new Error('the scenario did not load the gateway');
      const { answered, failed, firstFailure } = found.report;
      if (answered === 0 || failed > 0) throw new Error(`${failed} answers were wrong: ${firstFailure}`);
      return found;
    },
  };
}
