/**
 * What a shape cannot say of a grant or of limits: patterns that can never match, networks, hours and time zones that are none.
 * One check for file, command line and API. Not part of the shapes, since what is stored has to be read whatever stands in it.
 */

import type { z } from 'zod';
import { isTimeZone } from '../../lib/calendar-window.ts';
import { createCelCompiler } from '../../lib/cel.ts';
import { closest } from '../../lib/closest.ts';
import { parseNetwork } from '../../lib/network.ts';
import type { Grant } from '../caller.ts';
import { POLICY_VARIABLES } from '../policy.ts';
import type { StandingApprovalBody } from './approvals.ts';
import type { LimitsBody } from './limits.ts';

export interface Fault {
  /** Within what was checked. */
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly remedy: string | undefined;
}

/** Each member is checked where it is there. */
export function findGrantFaults(grant: Partial<Grant>): readonly Fault[] {
  const patterns = (['allow', 'deny'] as const).flatMap((field) => findInPatterns([field], grant[field] ?? []));
  return [...patterns, ...findBoundFaults(grant)];
}

/** Of what is no pattern. */
export function findBoundFaults({ networks = [], hours = [], providerKeys = [] }: Partial<Grant>): readonly Fault[] {
  return [
    ...networks.flatMap((block, i) => (parseNetwork(block) ? [] : [{ path: ['networks', i], ...NO_NETWORK }])),
    ...hours.flatMap(({ from, to, timeZone }, i) => [
      ...(isTimeZone(timeZone) ? [] : [{ path: ['hours', i, 'timeZone'], ...NO_TIME_ZONE }]),
      ...(from === to ? [{ path: ['hours', i, 'to'], ...NO_TIME }] : []),
    ]),
    ...providerKeys.flatMap((pattern, i) => {
      const [provider = '', name = ''] = pattern.split('/', 2);
      if (provider !== '' && name !== '') return [];
      const remedy = `write it as "${provider || 'provider'}/*" or "${provider || 'provider'}/name"`;
      return [{ path: ['providerKeys', i], message: 'names no key of a provider', remedy }];
    }),
  ];
}

export const NO_NETWORK = {
  message: 'is no network: expected an address and how many of its bits count, with none set behind them',
  remedy: 'write it as "10.0.0.0/8", "192.0.2.7" or "2001:db8::/32"',
};
const NO_TIME_ZONE = { message: 'is no time zone', remedy: 'write its IANA name, as "Europe/Berlin"' };
const NO_TIME = { message: 'is the same as "from"', remedy: 'write "00:00" to "24:00" for a whole day' };

/** Of patterns in `on`; the rest its shape says. */
export function findLimitFaults(limits: LimitsBody | undefined): readonly Fault[] {
  if (limits === undefined) return [];
  return (['requests', 'tokens', 'toolCalls', 'budgets'] as const).flatMap((part) =>
    limits[part].flatMap(({ on = [] }, i) => findInPatterns([part, i, 'on'], on)),
  );
}

function findInPatterns(path: Fault['path'], patterns: readonly string[]): readonly Fault[] {
  return patterns.flatMap((pattern, i) => {
    const fault = findPatternFault(pattern);
    return fault === undefined ? [] : [{ path: [...path, i], message: fault.message, remedy: fault.remedy }];
  });
}

const KINDS = ['tool', 'prompt', 'resource', 'model'] as const;

export interface PatternParts {
  readonly kind: string | undefined;
  readonly server: string;
  readonly separator: string;
  readonly name: string | undefined;
}

export function takePatternApart(pattern: string): PatternParts {
  const colon = pattern.indexOf(':');
  const early = pattern.search(/\/|__/);
  const hasKind = colon !== -1 && (early === -1 || colon < early);
  const rest = hasKind ? pattern.slice(colon + 1) : pattern;
  const match = /\/|__/.exec(rest);
  return {
    kind: hasKind ? pattern.slice(0, colon) : undefined,
    server: match === null ? rest : rest.slice(0, match.index),
    separator: match?.[0] ?? '',
    name: match === null ? undefined : rest.slice(match.index + match[0].length),
  };
}

/** Why it can never match; undefined: it may. `isOddServer`: its server is not written as an id. */
export function findPatternFault(
  pattern: string,
): (Omit<Fault, 'path'> & { readonly isOddServer?: boolean }) | undefined {
  if (pattern.trim() === '')
    return { message: 'is empty', remedy: 'write a pattern, e.g. "github/*", or leave it out' };
  if (/[\x00-\x1f\x7f]/.test(pattern)) return { message: 'holds a control character', remedy: undefined };
  const { kind, server, separator, name } = takePatternApart(pattern);
  if (kind !== undefined && !KINDS.some((each) => each === kind)) {
    const near = closest(kind, KINDS);
    return {
      message: `begins with no kind there is; expected ${KINDS.map((each) => `${each}:`).join(', ')} or none`,
      remedy: near === undefined ? 'write server/name' : `did you mean "${near}:"?`,
    };
  }
  if (name === '') return { message: `names nothing after "${separator}"`, remedy: 'add a name, or * for all' };
  if (server === '') return { message: 'names no server', remedy: 'write server/name; * stands for any server' };
  if (/^[A-Za-z*][A-Za-z0-9_*-]*$/.test(server) || (kind === 'model' && /^[a-z0-9][a-z0-9_*-]*$/.test(server)))
    return undefined;
  return {
    message: 'the server is not written as an id: a letter, then letters, digits, "_", "-" and *',
    remedy: 'write the id of the server',
    isOddServer: true,
  };
}

/** The schema of what somebody writes now: besides its shape, without faults. */
export function withoutFaults<T extends z.ZodType>(schema: T, find: (body: z.output<T>) => readonly Fault[]): T {
  return schema.superRefine((body, context) => {
    for (const { path, message, remedy } of find(body))
      context.addIssue({
        code: 'custom',
        path: [...path],
        message: remedy === undefined ? message : `${message}; ${remedy}`,
      });
  });
}

/** Of an organisation, a team or a user. */
export function findLevelFaults(level: {
  readonly bounds?: Partial<Grant> | undefined;
  readonly limits?: LimitsBody | undefined;
}): readonly Fault[] {
  return [
    ...faultsAt('bounds', findGrantFaults(level.bounds ?? {})),
    ...faultsAt('limits', findLimitFaults(level.limits)),
  ];
}

export function findKeyFaults(key: {
  readonly grant: Partial<Grant>;
  readonly limits?: LimitsBody | undefined;
}): readonly Fault[] {
  return [...faultsAt('grant', findGrantFaults(key.grant)), ...faultsAt('limits', findLimitFaults(key.limits))];
}

const MAX_STANDING_MS = 366 * 86_400_000;
const { args, now } = POLICY_VARIABLES;

/** Of a standing approval that somebody gives at `nowMs`. */
export function findStandingFaults(
  { targets, when, expiresAtMs }: StandingApprovalBody,
  nowMs: number,
): readonly Fault[] {
  const compiled = when === undefined ? undefined : createCelCompiler({ args, now })(when);
  const at = (field: string, message: string, remedy: string | undefined): Fault => ({
    path: [field],
    message,
    remedy,
  });
  return [
    ...findInPatterns(['targets'], targets),
    ...(compiled?.ok === false
      ? [at('when', `character ${compiled.at + 1}: ${compiled.message}`, compiled.remedy)]
      : []),
    ...(expiresAtMs <= nowMs ? [at('expiresAtMs', 'is over already', 'name a time to come')] : []),
    ...(expiresAtMs > nowMs + MAX_STANDING_MS
      ? [at('expiresAtMs', 'is more than a year away; nobody remembers why by then', undefined)]
      : []),
  ];
}

/** Of something that stands below. */
function faultsAt(step: string, faults: readonly Fault[]): readonly Fault[] {
  return faults.map((fault) => ({ ...fault, path: [step, ...fault.path] }));
}
