/** One open listen stream on the wire: acknowledgement first, then changes, each marked with the listen's id. */

import type { WatchEvent } from '../../../contracts/call.ts';
import type { JsonText } from '../../../contracts/json.ts';
import { memberText, onOneLine, withMembers } from '../../../lib/json-text.ts';
import { encodeListenFilter, type ListenFilter, type ListName } from './listen-filter.ts';
import { META, notificationFrame, resultFrame } from './wire.ts';

/** What a listen stream can carry. */
export type ListenEvent = Exclude<WatchEvent, { readonly type: 'log-message' }>;

export interface ListenStream {
  /** What happens before the acknowledgement waits for it; each list, URI and task once, so the wait is bounded. */
  tell(event: ListenEvent): void;
  acknowledge(honoured: ListenFilter): void;
  /** The graceful end: an empty result. Nothing if the acknowledgement, which has to come first, never came. */
  finish(): void;
}

/** `id` and `serverInfo` are JSON text. Nothing is written before `acknowledge`. */
export function createListenStream(write: (frame: JsonText) => void, id: JsonText, serverInfo: JsonText): ListenStream {
  const mark = { [META.subscriptionId]: id };
  let honoured: ListenFilter | undefined;
  const changedLists = new Set<ListName>();
  const updates = new Map<string, Exclude<ListenEvent, { type: 'list-changed' }>>();

  const marked = (params: JsonText): JsonText => {
    const meta = memberText(params, '_meta');
    return withMembers(params, { _meta: withMembers(meta?.startsWith('{') ? meta : '{}', mark) });
  };
  const send = (method: string, params: JsonText): void => {
    write(onOneLine(notificationFrame(method, marked(params))));
  };

  const deliver = (filter: ListenFilter, event: ListenEvent): void => {
    if (event.type === 'list-changed') {
      if (filter.lists.has(event.list)) send(`notifications/${event.list}/list_changed`, '{}');
    } else if (event.type === 'task-changed') {
      if (filter.taskIds.has(event.taskId)) send('notifications/tasks', event.params);
    } else if (filter.uris.has(event.uri)) send('notifications/resources/updated', event.params);
  };

  return {
    tell(event) {
      if (honoured !== undefined) deliver(honoured, event);
      else if (event.type === 'list-changed') changedLists.add(event.list);
      else updates.set(event.type === 'task-changed' ? `task\0${event.taskId}` : event.uri, event);
    },
    acknowledge(filter) {
      honoured = filter;
      send('notifications/subscriptions/acknowledged', `{"notifications":${encodeListenFilter(filter)}}`);
      for (const list of changedLists) deliver(filter, { type: 'list-changed', list });
      for (const event of updates.values()) deliver(filter, event);
      changedLists.clear();
      updates.clear();
    },
    finish() {
      if (honoured === undefined) return;
      const meta = withMembers('{}', { ...mark, [META.serverInfo]: serverInfo });
      write(resultFrame(id, `{"resultType":"complete","_meta":${meta}}`));
    },
  };
}
