/** Tasks in what a modern server answers: their ids, how they stand, and the results they hold. */

import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import { isObject } from '../../lib/is-object.ts';
import { DuplicateMemberError, memberText, withMembers } from '../../lib/json-text.ts';
import { parseJson, type Reply } from './json-rpc.ts';
import { stripOwnMeta } from './own-keys.ts';

/** Of a `tools/call` answered with `resultType: "task"`. Throws GatewayError `upstream_failed`. */
export function readTaskId(reply: Reply): string {
  const id = reply.valueOf('taskId');
  if (typeof id !== 'string') throw new GatewayError('upstream_failed', 'its task has no id');
  return id;
}

/** A task without keys of ours in the result it holds. Throws GatewayError `upstream_failed`. */
export function cleanTask(task: JsonText): JsonText {
  try {
    const result = memberText(task, 'result');
    const value = result === undefined ? undefined : parseJson(result);
    if (result === undefined || !isObject(value)) return task;
    const clean = stripOwnMeta(result, value);
    return clean === result ? task : withMembers(task, { result: clean });
  } catch (cause) {
    if (!(cause instanceof DuplicateMemberError)) throw cause;
    throw new GatewayError('upstream_failed', 'its task is ambiguous', { cause });
  }
}

/** How a task stands, as far as somebody who waits for its end must know. */
export type TaskState =
  | { readonly status: 'working' | 'input_required'; readonly pollIntervalMs: number | undefined }
  | { readonly status: 'completed'; readonly result: JsonText }
  | { readonly status: 'failed'; readonly error: JsonText }
  | { readonly status: 'cancelled' };

/** Throws GatewayError `upstream_failed` for what is no task. */
export function readTaskState(task: JsonText): TaskState {
  const value = parseJson(task);
  const { status, pollIntervalMs } = isObject(value) ? value : {};
  switch (status) {
    case 'working':
    case 'input_required':
      return { status, pollIntervalMs: typeof pollIntervalMs === 'number' ? pollIntervalMs : undefined };
    case 'cancelled':
      return { status };
    case 'completed': {
      const result = memberText(task, 'result');
      if (result?.startsWith('{') === true) return { status, result };
      break;
    }
    case 'failed': {
      const error = memberText(task, 'error');
      if (error?.startsWith('{') === true) return { status, error };
      break;
    }
  }
  throw new GatewayError('upstream_failed', 'its task is in no state that could be understood');
}
