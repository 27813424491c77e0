/** The command line of the harness, and how long each part takes in the short and in the long form. */

import { parseArgs } from 'node:util';

/** How much is measured. */
export interface Plan {
  /** Alternating windows per subject. */
  readonly rounds: number;
  readonly windowSeconds: number;
  readonly warmRequests: number;
  /** A slow subject's warm-up ends here. */
  readonly warmSeconds: number;
  readonly rates: readonly number[];
  readonly rateRounds: number;
  readonly rateSeconds: number;
  /** Rate at which slow peers can be compared, too. */
  readonly peerRate: number;
}

export interface Options {
  readonly isShort: boolean;
  /** Beginnings of the names of the scenarios to run; empty: all of this form. */
  readonly scenarios: readonly string[];
  readonly withPeers: boolean;
  readonly jsonFile: string | undefined;
  readonly isSaved: boolean;
  readonly writesDocs: boolean;
  readonly isGuard: boolean;
  /** Measure what is published: the bundle, built first. */
  readonly isBuilt: boolean;
  readonly soakSeconds: number;
  /** Checkouts whose gateway is measured; the first is the one the figures are about. */
  readonly roots: readonly string[];
  readonly plan: Plan;
}

const LONG: Plan = {
  rounds: 8,
  windowSeconds: 1.5,
  warmRequests: 20_000,
  warmSeconds: 30,
  rates: [500, 2_000, 5_000],
  rateRounds: 3,
  rateSeconds: 5,
  peerRate: 200,
};

const SHORT: Plan = {
  rounds: 3,
  windowSeconds: 0.4,
  // Fewer would measure compilation: the last functions of ours become hot after some 15,000 calls.
  warmRequests: 20_000,
  warmSeconds: 4,
  rates: [2_000, 5_000],
  rateRounds: 1,
  rateSeconds: 1.5,
  peerRate: 200,
};

export const HELP = `npm run bench -- [options]

  --short            some ten minutes, for a first look
  --scenario NAME    only scenarios whose name begins so (an unknown one lists them); may be given several times
  --pairs N          alternating windows per subject (default ${LONG.rounds}, short ${SHORT.rounds})
  --no-peers         without the gateways of others
  --soak MINUTES     length of the soak (default 2; 0.1 in the guard)
  --json FILE        where the results go, besides bench/results/latest.json
  --save             also keep them in bench/results/, under date and commit
  --write-docs       put the tables and plots of this run into docs/; those of other scenarios stay
  --guard            what CI runs: the core of the short form; fails only on a gross miss, a failed call, a lost record
  --sources          the gateway from the sources instead of a fresh bundle
  --root DIR         another checkout's gateway; several are compared with each other
`;

/** Throws with a readable message on unknown or senseless options. */
export function readOptions(args: readonly string[], ownRoot: string): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      short: { type: 'boolean', default: false },
      guard: { type: 'boolean', default: false },
      scenario: { type: 'string', multiple: true },
      pairs: { type: 'string' },
      peers: { type: 'boolean', default: true },
      soak: { type: 'string' },
      sources: { type: 'boolean', default: false },
      json: { type: 'string' },
      save: { type: 'boolean', default: false },
      'write-docs': { type: 'boolean', default: false },
      root: { type: 'string', multiple: true },
      help: { type: 'boolean', default: false },
    },
    allowNegative: true,
  });
  if (values.help) return 'help';
  const isShort = values.short || values.guard;
  const plan = isShort ? SHORT : LONG;
  const rounds = values.pairs === undefined ? plan.rounds : Number(values.pairs);
  const soakSeconds = 60 * Number(values.soak ?? (values.guard ? 0.1 : 2));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--pairs must be a whole number from 1');
  if (!(soakSeconds >= 5)) throw new Error('--soak must be at least 0.1 minutes');
  return {
    isShort,
    scenarios: values.scenario ?? [],
    withPeers: values.peers,
    jsonFile: values.json,
    isSaved: values.save,
    writesDocs: values['write-docs'],
    isGuard: values.guard,
    isBuilt: !values.sources,
    soakSeconds,
    roots: values.root ?? [ownRoot],
    plan: { ...plan, rounds },
  };
}
