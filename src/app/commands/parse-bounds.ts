/** Bounds of a key or a level as a person writes them on the command line: `--network 10.0.0.0/8`, `--hours "mon-fri 08:00-18:00 UTC"`. */

import type { Command } from 'commander';
import type { Fault } from '../../contracts/shapes/find-faults.ts';
import type { GrantBody } from '../../contracts/shapes/grant.ts';
import { HoursShape, ParametersShape } from '../../contracts/shapes/grant.ts';
import { isTimeZone } from '../../lib/calendar-window.ts';
import { parseNetwork } from '../../lib/network.ts';
import { CommandError, EXIT } from './command-error.ts';

export interface BoundOptions {
  readonly network: readonly string[];
  readonly hours: readonly string[];
  readonly providerKey: readonly string[];
  readonly maxOutputTokens?: string;
  readonly maxTemperature?: string;
  readonly maxChoices?: string;
  readonly maxReasoningTokens?: string;
}

/** Adds what `parseBounds` reads of parameters. */
export function withParameterOptions(command: Command): Command {
  return command
    .option(
      '--max-output-tokens <number>',
      'most tokens one answer of a model may be allowed; requests have to name a bound',
    )
    .option('--max-temperature <number>', 'highest temperature that a request to a model may ask for')
    .option('--max-choices <number>', 'most answers to one request to a model')
    .option('--max-reasoning-tokens <number>', 'most tokens for thinking that a request to a model may ask for');
}

const PARAMETERS = {
  ...{ maxOutputTokens: '--max-output-tokens', maxTemperature: '--max-temperature' },
  ...{ maxChoices: '--max-choices', maxReasoningTokens: '--max-reasoning-tokens' },
} as const;

/** Undefined: none was given. Throws CommandError. */
function parseParameters(options: BoundOptions): GrantBody['parameters'] {
  const given = Object.entries(PARAMETERS).flatMap(([member, option]) => {
    const text = options[member as keyof typeof PARAMETERS];
    if (text === undefined) return [];
    const shape = ParametersShape.shape[member as keyof typeof PARAMETERS].safeParse(Number(text));
    if (text.trim() === '' || Number.isNaN(Number(text)))
      throw new CommandError(EXIT.usage, `${option} wants a number, not ${JSON.stringify(text)}`);
    if (!shape.success) throw new CommandError(EXIT.usage, `${option}: ${shape.error.issues[0]?.message}`);
    return [[member, shape.data] as const];
  });
  return given.length === 0 ? undefined : Object.fromEntries(given);
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
  const parameters = parseParameters(options);
  return {
    ...(parameters !== undefined && { parameters }),
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
