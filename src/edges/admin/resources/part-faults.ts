/** What is wrong with a part of the configuration, told of the body that was sent: problems name places in the file. */

import type { ConfigProblem } from '../../../contracts/config.ts';
import type { ConfigKind } from '../../../contracts/config-objects.ts';
import { pointerOf, type RequestFault } from '../problem.ts';

/** Where the file has parts of a kind, and where that is in a body. */
const SECTIONS: { readonly [kind in ConfigKind]: readonly (readonly [section: string, inBody: readonly string[]])[] } =
  {
    server: [
      ['mcpServers', []],
      ['serverOptions', ['options']],
    ],
    provider: [['providers', []]],
    toolset: [['toolsets', []]],
    alias: [['models.aliases', []]],
    route: [['models.routes', []]],
    'policy-rule': [['policy.rules', []]],
    webhook: [['webhooks', []]],
  };

/** A place that is none of the body stands in the detail. */
export function faultOfProblem(kind: ConfigKind, { path, within, message, remedy }: ConfigProblem): RequestFault {
  const text = remedy === undefined ? message : `${message}; ${remedy}`;
  const steps = stepsOf(path);
  const inBody = steps && withinBody(kind, steps);
  const place = steps === undefined ? within : inBody && (within ?? inBody);
  if (place === undefined) return { in: 'body', pointer: '', detail: path === '' ? text : `${path}: ${text}` };
  return { in: 'body', pointer: pointerOf(['body', ...place]), detail: text };
}

/** Of a path as `mcpServers["my.server"].args[0]`; undefined: it is not one. */
function stepsOf(path: string): readonly string[] | undefined {
  const steps: string[] = [];
  let at = 0;
  for (const [text, quoted, index, plain] of path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|\.?([^.[\]]+)/gy)) {
    at += text.length;
    steps.push(quoted === undefined ? (index ?? plain ?? '') : (JSON.parse(`"${quoted}"`) as string));
  }
  return at === path.length ? steps : undefined;
}

function withinBody(kind: ConfigKind, steps: readonly string[]): readonly string[] | undefined {
  for (const [section, inBody] of SECTIONS[kind]) {
    const place = section.split('.');
    // Behind the section comes the name of the part, or its place in the list.
    if (place.every((step, i) => steps[i] === step)) return [...inBody, ...steps.slice(place.length + 1)];
  }
  const isElsewhere = Object.values(SECTIONS)
    .flat()
    .some(([section]) => section.split('.')[0] === steps[0] && steps.length > 1);
  // Otherwise it was told of the body to begin with.
  return isElsewhere ? undefined : steps;
}
