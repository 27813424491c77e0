/** The passing lane: the client's own Messages request with nothing changed but what must be. */

import type { JsonText, ParsedJson } from '../../../contracts/json.ts';
import type { InjectedTools } from '../../../contracts/models.ts';
import { isObject } from '../../../lib/is-object.ts';
import { scanElements, scanMembers } from '../../../lib/json-text.ts';
import { renderInjected } from './encode-tools.ts';

export interface PatchOptions {
  /** Replaces the client's. Undefined: the member is taken out, since the model stands in the URL (Vertex, Bedrock). */
  readonly model: string | undefined;
  /** Added after the client's own. A thread that goes on has its tools already, and takes no others. */
  readonly injected: InjectedTools | undefined;
  /** Members to take out; `stream` where the URL says it. */
  readonly without?: readonly string[];
  /** Members to add, or to put in place of the client's: `anthropic_version`. */
  readonly members?: { readonly [name: string]: JsonText };
}

/** All that is not named keeps its bytes, white space between members included. */
export function patchBody({ text, value }: ParsedJson, options: PatchOptions): JsonText {
  const { thread } = value;
  const goesOn = isObject(thread) && thread.type === 'continue';
  const ours = goesOn ? '' : (options.injected?.fragment('anthropic', renderInjected) ?? '');
  const changes = new Map<string, JsonText | undefined>(Object.entries(options.members ?? {}));
  for (const name of options.without ?? []) changes.set(name, undefined);
  changes.set('model', options.model === undefined ? undefined : JSON.stringify(options.model));

  const members = scanMembers(text);
  let out = '';
  let from = 0;
  let needsComma = false;
  for (const [i, { key, keyStart, valueStart, valueEnd }] of members.entries()) {
    if (changes.has(key)) {
      const change = changes.get(key);
      changes.delete(key);
      if (change === undefined) {
        // With the comma after it; the last one with the comma before it.
        const next = members[i + 1];
        out += text.slice(from, keyStart);
        from = next?.keyStart ?? valueEnd;
        if (next === undefined) out = out.replace(/,\s*$/, '');
        continue;
      }
      out += text.slice(from, valueStart) + change;
      from = valueEnd;
    } else if (key === 'tools' && ours !== '') {
      const { tools } = value;
      const last = scanElements(text, valueStart).at(-1);
      if (last !== undefined) {
        out += `${text.slice(from, last.end)},${ours}`;
        from = last.end;
      } else if (tools === null || Array.isArray(tools)) {
        out += `${text.slice(from, valueStart)}[${ours}]`;
        from = valueEnd;
      }
    }
    needsComma = true;
  }
  const added = [...changes].flatMap(([key, change]) =>
    change === undefined ? [] : [`${JSON.stringify(key)}:${change}`],
  );
  if (ours !== '' && !members.some(({ key }) => key === 'tools')) added.push(`"tools":[${ours}]`);
  const end = text.lastIndexOf('}');
  const rest = text.slice(from, end);
  return `${out}${rest}${added.length > 0 && needsComma ? ',' : ''}${added.join(',')}${text.slice(end)}`;
}
