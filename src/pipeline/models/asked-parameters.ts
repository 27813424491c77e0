/** What a request to a model asks for, as far as a grant can bound it. */

import type { ModelCall } from '../../contracts/call.ts';
import type { AskedParameters } from '../../domain/access/check-parameters.ts';
import { peekMember } from '../../lib/peek-member.ts';

/** Where bodies of OpenAI's kind name the bound; a body with several goes out with all of them. */
const OUTPUT_BOUNDS = ['max_tokens', 'max_completion_tokens', 'max_output_tokens'];

/** Undefined: it asks for nothing of that kind. Throws what decoding throws. `isReadable` false: its body cannot be read here. */
export function askedParameters({
  model,
  params,
}: ModelCall): { readonly isReadable: boolean; readonly asked: AskedParameters } | undefined {
  // The old completions are passed on unread.
  if (model.operation === 'pass' && model.raw.surface === 'completions') return { isReadable: false, asked: {} };
  if (model.operation !== 'chat') return undefined;
  const { maxOutputTokens, temperature, choices, reasoning } = model.chat();
  const bounds = OUTPUT_BOUNDS.map((member) => peekMember(params, member)).filter((value) => typeof value === 'number');
  const named = maxOutputTokens === undefined ? bounds : [...bounds, maxOutputTokens];
  return {
    isReadable: true,
    asked: {
      maxOutputTokens: named.length === 0 ? undefined : Math.max(...named),
      ...{ temperature, choices, reasoningTokens: reasoning?.budgetTokens },
    },
  };
}
