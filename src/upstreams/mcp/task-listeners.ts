/** Who wants to know of which task of one server. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { TaskUpdate } from '../../contracts/upstream.ts';
import { isObject } from '../../lib/is-object.ts';
import { parseJson } from './json-rpc.ts';
import { cleanTask } from './task-results.ts';

/** Tasks of one server that somebody listens for. */
const MAX_TASKS = 10_000;

export interface TaskListeners {
  ids(): readonly string[];
  /** The returned function ends this one; true if it was the last for this task. Throws GatewayError `too_many`. */
  add(taskId: string, tell: TaskUpdate): () => boolean;
  /** `params` of notifications/tasks; what names no task that anybody listens for is dropped. */
  deliver(params: JsonText): void;
}

export function createTaskListeners(): TaskListeners {
  const byTask = new Map<string, Set<{ readonly tell: TaskUpdate }>>();
  return {
    ids: () => [...byTask.keys()],
    add(taskId, tell) {
      let listeners = byTask.get(taskId);
      if (listeners === undefined) {
        if (byTask.size >= MAX_TASKS)
          throw new GatewayError('too_many', 'too many tasks are listened for at this server');
        listeners = new Set();
        byTask.set(taskId, listeners);
      }
      const mine = listeners;
      const listener = { tell };
      mine.add(listener);
      return () => {
        if (!mine.delete(listener) || mine.size > 0) return false;
        if (byTask.get(taskId) === mine) byTask.delete(taskId);
        return true;
      };
    },
    deliver(params) {
      const value = parseJson(params);
      const listeners = isObject(value) && typeof value.taskId === 'string' ? byTask.get(value.taskId) : undefined;
      if (listeners === undefined) return;
      const clean = cleanTask(params);
      for (const { tell } of [...listeners]) tell(clean);
    },
  };
}
