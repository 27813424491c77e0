/** What is wrong with the networks, hours and keys of providers somebody wrote into a grant. */

import type { Grant } from '../../contracts/caller.ts';
import { findBoundFaults, NO_NETWORK } from '../../contracts/shapes/find-faults.ts';
import { closest } from '../../lib/closest.ts';
import { parseNetwork } from '../../lib/network.ts';
import type { Path, Report } from './report.ts';

export function checkNetwork(report: Report, path: Path, block: string): void {
  if (parseNetwork(block) === undefined) report.problem(path, NO_NETWORK.message, NO_NETWORK.remedy);
}

/** `providers`: ids of those that are configured. */
export function checkBounds(
  report: Report,
  path: Path,
  bounds: Pick<Grant, 'networks' | 'hours' | 'providerKeys'>,
  providers: readonly string[],
): void {
  const faults = findBoundFaults(bounds);
  for (const fault of faults) report.problem([...path, ...fault.path], fault.message, fault.remedy);
  for (const [i, pattern] of (bounds.providerKeys ?? []).entries()) {
    const [provider = ''] = pattern.split('/', 1);
    const isFaulty = faults.some(({ path: [field, place] }) => field === 'providerKeys' && place === i);
    if (isFaulty || provider.includes('*') || providers.includes(provider)) continue;
    const near = closest(provider, providers);
    report.warning(
      [...path, 'providerKeys', i],
      'there is no provider of this name',
      near === undefined ? 'write it under "providers"' : `did you mean "${near}"?`,
    );
  }
}
