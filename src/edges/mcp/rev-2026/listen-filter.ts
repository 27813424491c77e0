/** The filter of `subscriptions/listen`: what a client asks to be told, and what of it we promised. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonText, ParsedJson } from '../../../contracts/json.ts';
import { isObject } from '../../../lib/is-object.ts';

const LIST_FIELDS = {
  tools: 'toolsListChanged',
  prompts: 'promptsListChanged',
  resources: 'resourcesListChanged',
} as const;
export type ListName = keyof typeof LIST_FIELDS;
const LIST_NAMES = Object.keys(LIST_FIELDS) as ListName[];

/** Subscribed resources of one stream. */
export const MAX_LISTEN_URIS = 128;

export interface ListenFilter {
  readonly lists: ReadonlySet<ListName>;
  readonly uris: ReadonlySet<string>;
}

/** Kinds we do not know are not refused: they are missing in the acknowledgement. Throws GatewayError `invalid_params`, `too_many`. */
export function parseListenFilter(params: ParsedJson): ListenFilter {
  const filter = params.value.notifications;
  if (!isObject(filter)) throw new GatewayError('invalid_params', 'notifications must be an object');
  const lists = new Set<ListName>();
  for (const list of LIST_NAMES) {
    const wanted = filter[LIST_FIELDS[list]];
    if (wanted !== undefined && typeof wanted !== 'boolean')
      throw new GatewayError('invalid_params', `notifications.${LIST_FIELDS[list]} must be true or false`);
    if (wanted === true) lists.add(list);
  }
  const uris = filter.resourceSubscriptions ?? [];
  if (!Array.isArray(uris) || !uris.every((uri): uri is string => typeof uri === 'string'))
    throw new GatewayError('invalid_params', 'notifications.resourceSubscriptions must be a list of URIs');
  const distinct = new Set(uris);
  if (distinct.size > MAX_LISTEN_URIS)
    throw new GatewayError('too_many', `at most ${MAX_LISTEN_URIS} resources on one stream`);
  return { lists, uris: distinct };
}

/** The `notifications` object of the acknowledgement: only what will be delivered. */
export function encodeListenFilter({ lists, uris }: ListenFilter): JsonText {
  const fields: { [field: string]: unknown } = {};
  for (const list of LIST_NAMES) if (lists.has(list)) fields[LIST_FIELDS[list]] = true;
  if (uris.size > 0) fields.resourceSubscriptions = [...uris];
  return JSON.stringify(fields);
}
