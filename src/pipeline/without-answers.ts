/** Answers to questions of the gateway's own: a server must not see any of that. */

import type { JsonText, ParsedJson } from '../contracts/json.ts';
import { withMembers } from '../lib/json-text.ts';

export function withoutAnswers(text: JsonText): ParsedJson {
  const bare = withMembers(text, { inputResponses: undefined, requestState: undefined });
  return { text: bare, value: JSON.parse(bare) as ParsedJson['value'] };
}
