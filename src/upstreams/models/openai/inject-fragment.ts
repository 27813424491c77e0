/** The gateway's tools as chat completions write them. */

import type { InjectedTool, InjectedTools } from '../../../contracts/models.ts';

const render = (tools: readonly InjectedTool[]): string =>
  tools
    .map(
      ({ name, description, parameters }) =>
        `{"type":"function","function":{"name":${JSON.stringify(name)},"description":${JSON.stringify(description)},"parameters":${parameters}}}`,
    )
    .join(',');

/** Elements of an array, without its brackets; '' if there are none. */
export function injectFragment(injected: InjectedTools | undefined): string {
  return injected === undefined ? '' : injected.fragment('openai-chat', render);
}

/** The array of tools with these at its end. `existing`: an array as text, or undefined, or `null`. */
export function withTools(existing: string | undefined, fragment: string): string {
  const inner = existing?.startsWith('[') ? existing.slice(1, existing.lastIndexOf(']')).trim() : '';
  return inner === '' ? `[${fragment}]` : `[${inner},${fragment}]`;
}
