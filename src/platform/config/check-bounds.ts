/** What is wrong with the networks, hours and keys of providers somebody wrote into a grant. */

import type { Grant } from '../../contracts/caller.ts';
import { isTimeZone } from '../../lib/calendar-window.ts';
import { closest } from '../../lib/closest.ts';
import { parseNetwork } from '../../lib/network.ts';
import type { Path, Report } from './report.ts';

export function checkNetwork(report: Report, path: Path, block: string): void {
  if (parseNetwork(block) === undefined)
    report.problem(
      path,
      'is no network: expected an address and how many of its bits count, with none set behind them',
      'write it as "10.0.0.0/8", "192.0.2.7" or "2001:db8::/32"',
    );
}

/** `providers`: ids of those that are configured. */
export function checkBounds(
  report: Report,
  path: Path,
  { networks, hours, providerKeys }: Pick<Grant, 'networks' | 'hours' | 'providerKeys'>,
  providers: readonly string[],
): void {
  for (const [i, block] of (networks ?? []).entries()) checkNetwork(report, [...path, 'networks', i], block);
  for (const [i, { from, to, timeZone }] of (hours ?? []).entries()) {
    if (!isTimeZone(timeZone))
      report.problem([...path, 'hours', i, 'timeZone'], 'is no time zone', 'write its IANA name, as "Europe/Berlin"');
    if (from === to)
      report.problem([...path, 'hours', i, 'to'], 'is the same as "from"', 'write "00:00" to "24:00" for a whole day');
  }
  for (const [i, pattern] of (providerKeys ?? []).entries()) {
    const [provider = '', name] = pattern.split('/', 2);
    const place = [...path, 'providerKeys', i];
    if (name === undefined || name === '')
      report.problem(place, 'names no key of a provider', `write it as "${provider}/*" or "${provider}/name"`);
    else if (!provider.includes('*') && !providers.includes(provider)) {
      const near = closest(provider, providers);
      report.warning(
        place,
        'there is no provider of this name',
        near === undefined ? 'write it under "providers"' : `did you mean "${near}"?`,
      );
    }
  }
}
