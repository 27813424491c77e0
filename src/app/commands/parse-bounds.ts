/** Bounds of a key as a person writes them on the command line: `--network 10.0.0.0/8`, `--hours "mon-fri 08:00-18:00 UTC"`. */

import type { Fault } from '../../contracts/shapes/find-faults.ts';
import type { GrantBody } from '../../contracts/shapes/grant.ts';
import { HoursShape } from '../../contracts/shapes/grant.ts';
import { isTimeZone } from '../../lib/calendar-window.ts';
import { parseNetwork } from '../../lib/network.ts';
import { CommandError, EXIT } from './command-error.ts';

export interface BoundOptions {
  readonly network: readonly string[];
  readonly hours: readonly string[];
  readonly providerKey: readonly string[];
  readonly maxOutputTokens?: string;
}

const DAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];

/** Throws CommandError for the first: what the file and the API would refuse, too. */
export function refuseFaults(faults: readonly Fault[]): void {
  const [first] = faults;
  if (first === undefined) return;
  throw new CommandError(EXIT.usage, `${first.path.join('.')} ${first.message}`, first.remedy);
}

/** Throws CommandError for what cannot be read. */
export function parseBounds(
  options: BoundOptions,
): Pick<GrantBody, 'networks' | 'hours' | 'providerKeys' | 'parameters'> {
  const wrong = options.network.find((block) => parseNetwork(block) === undefined);
  if (wrong !== undefined)
    throw new CommandError(EXIT.usage, `${JSON.stringify(wrong)} is no network; one looks like 10.0.0.0/8`);
  const odd = options.providerKey.find((pattern) => !/^[^/]+\/.+$/.test(pattern));
  if (odd !== undefined) throw new CommandError(EXIT.usage, '--provider-key wants provider/key, such as openai/*');
  const maxOutputTokens = options.maxOutputTokens === undefined ? undefined : Number(options.maxOutputTokens);
  if (maxOutputTokens !== undefined && !(Number.isSafeInteger(maxOutputTokens) && maxOutputTokens > 0))
    throw new CommandError(EXIT.usage, '--max-output-tokens wants a whole number from 1');
  return {
    ...(maxOutputTokens !== undefined && { parameters: { maxOutputTokens } }),
    ...(options.network.length > 0 && { networks: [...options.network] }),
    ...(options.hours.length > 0 && { hours: options.hours.map(parseHours) }),
    ...(options.providerKey.length > 0 && { providerKeys: [...options.providerKey] }),
  };
}

function parseHours(text: string): NonNullable<GrantBody['hours']>[number] {
  const [, days, from, to, timeZone = 'UTC'] =
    /^(?:([a-z,-]+) +)?(\d\d:\d\d)-(\d\d:\d\d)(?: +(\S+))?$/.exec(text.trim()) ?? [];
  const shape = HoursShape.safeParse({ days: parseDays(days), from, to, timeZone });
  if (!shape.success || from === to || !isTimeZone(timeZone))
    throw new CommandError(EXIT.usage, '--hours wants a time such as "mon-fri 08:00-18:00 Europe/Berlin"');
  return shape.data;
}

/** `mon-fri`, `sat,sun`, `fri-mon`; undefined: all. What is no day stays, for the shape to refuse. */
function parseDays(text: string | undefined): readonly string[] | undefined {
  return text?.split(',').flatMap((part) => {
    const [first = '', last] = part.split('-');
    if (last === undefined) return [first];
    const begin = DAYS.indexOf(first);
    const end = DAYS.indexOf(last);
    if (begin === -1 || end === -1) return [part];
    return Array.from({ length: ((end - begin + 7) % 7) + 1 }, (_, i) => DAYS[(begin + i) % 7] ?? '');
  });
}
