/** A task as an endpoint shows it: under the client's id, and with the URIs of the endpoint in the result it may hold. */

import type { JsonText } from '../../contracts/json.ts';
import { memberText, withMembers } from '../../lib/json-text.ts';
import { mayHoldUris, type ShowUri, showUrisInResult } from './show-uris.ts';

const METHOD = 'tools/call';

/** `show` undefined: URIs stay. Throws DuplicateMemberError if the task could be read in two ways. */
export function showTask(task: JsonText, shownId: string, show: ShowUri | undefined): JsonText {
  const result = memberText(task, 'result');
  const changes: { [key: string]: JsonText } = { taskId: JSON.stringify(shownId) };
  if (show !== undefined && result?.startsWith('{') === true && mayHoldUris(METHOD, result))
    changes.result = showUrisInResult(METHOD, result, show);
  return withMembers(task, changes);
}
