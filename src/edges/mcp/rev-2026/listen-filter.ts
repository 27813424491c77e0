/** The filter of `subscriptions/listen`: what a client asks to be told, and what of it we promised. */

import { GatewayError } from '../../../contracts/errors.ts';
import type { JsonObject, JsonText, ParsedJson } from '../../../contracts/json.ts';
import { isObject } from '../../../lib/is-object.ts';

const LIST_FIELDS = {
  tools: 'toolsListChanged',
  prompts: 'promptsListChanged',
  resources: 'resourcesListChanged',
} as const;
export type ListName = keyof typeof LIST_FIELDS;
const LIST_NAMES = Object.keys(LIST_FIELDS) as ListName[];

/** Subscribed resources of one stream, and tasks as many. */
export const MAX_LISTEN_URIS = 128;

export interface ListenFilter {
  readonly lists: ReadonlySet<ListName>;
  readonly uris: ReadonlySet<string>;
  /** Tasks extension. */
  readonly taskIds: ReadonlySet<string>;
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
  return {
    lists,
    uris: readNames(filter, 'resourceSubscriptions', 'URIs'),
    taskIds: readNames(filter, 'taskIds', 'ids'),
  };
}

function readNames(filter: JsonObject, field: string, what: string): ReadonlySet<string> {
  const names = filter[field] ?? [];
  if (!Array.isArray(names) || !names.every((name): name is string => typeof name === 'string'))
    throw new GatewayError('invalid_params', `notifications.${field} must be a list of ${what}`);
  const distinct = new Set(names);
  if (distinct.size > MAX_LISTEN_URIS)
    throw new GatewayError('too_many', `at most ${MAX_LISTEN_URIS} ${what} in notifications.${field}`);
  return distinct;
}

/** The `notifications` object of the acknowledgement: only what will be delivered. */
export function encodeListenFilter({ lists, uris, taskIds }: ListenFilter): JsonText {
  const fields: { [field: string]: unknown } = {};
  for (const list of LIST_NAMES) if (lists.has(list)) fields[LIST_FIELDS[list]] = true;
  if (uris.size > 0) fields.resourceSubscriptions = [...uris];
  if (taskIds.size > 0) fields.taskIds = [...taskIds];
  return JSON.stringify(fields);
}
