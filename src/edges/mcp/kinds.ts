/** Which MCP methods are governed calls, of which kind, and where their `params` carry the name; shared by both eras. */

import type { CallKind } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject } from '../../contracts/json.ts';
import type { Era } from '../../contracts/peer.ts';
import { isObject } from '../../lib/is-object.ts';

export interface GovernedMethod {
  readonly kind: CallKind;
  /** The param that holds the call's name: a string under this key, the `ref` of a completion, or none (lists). */
  readonly nameIn: 'name' | 'uri' | 'taskId' | 'ref' | undefined;
  /** A name that the header `Mcp-Name` does not mirror: the methods of extensions. */
  readonly hasNoHeader?: true;
  readonly eras: readonly Era[];
}

const BOTH: readonly Era[] = ['legacy', 'modern'];
const LEGACY: readonly Era[] = ['legacy'];
const MODERN: readonly Era[] = ['modern'];

/** Every method that goes through the pipeline. `initialize` and `server/discover` are `session.open`, opened by their era. */
export const GOVERNED_METHODS: ReadonlyMap<string, GovernedMethod> = new Map<string, GovernedMethod>([
  ['tools/list', { kind: 'tools.list', nameIn: undefined, eras: BOTH }],
  ['tools/call', { kind: 'tools.call', nameIn: 'name', eras: BOTH }],
  ['prompts/list', { kind: 'prompts.list', nameIn: undefined, eras: BOTH }],
  ['prompts/get', { kind: 'prompts.get', nameIn: 'name', eras: BOTH }],
  ['resources/list', { kind: 'resources.list', nameIn: undefined, eras: BOTH }],
  ['resources/templates/list', { kind: 'resources.templates.list', nameIn: undefined, eras: BOTH }],
  ['resources/read', { kind: 'resources.read', nameIn: 'uri', eras: BOTH }],
  ['resources/subscribe', { kind: 'resources.subscribe', nameIn: 'uri', eras: LEGACY }],
  ['resources/unsubscribe', { kind: 'resources.unsubscribe', nameIn: 'uri', eras: LEGACY }],
  // Skills (SEP-2640).
  ['skills/list', { kind: 'skills.list', nameIn: undefined, eras: BOTH }],
  ['skills/get', { kind: 'skills.get', nameIn: 'uri', hasNoHeader: true, eras: BOTH }],
  ['resources/directory/read', { kind: 'directories.read', nameIn: 'uri', hasNoHeader: true, eras: BOTH }],
  // Tasks (SEP-2663). Those of 2025-11-25 are another thing, which is not relayed.
  ['tasks/get', { kind: 'tasks.get', nameIn: 'taskId', eras: MODERN }],
  ['tasks/update', { kind: 'tasks.update', nameIn: 'taskId', eras: MODERN }],
  ['tasks/cancel', { kind: 'tasks.cancel', nameIn: 'taskId', eras: MODERN }],
  ['completion/complete', { kind: 'completion.complete', nameIn: 'ref', eras: BOTH }],
]);

/** The governed method of that era, or undefined if the era does not have it. */
export function governedMethod(method: string, era: Era): GovernedMethod | undefined {
  const governed = GOVERNED_METHODS.get(method);
  return governed?.eras.includes(era) ? governed : undefined;
}

/**
 * The name a governed call is made under ('' for lists), after checking the shape of what stands beside it. Throws
 * GatewayError `invalid_params`.
 */
export function callName(method: GovernedMethod, params: JsonObject): string {
  if (method.nameIn === undefined) return '';
  if (method.nameIn === 'ref') return completionName(params);
  const name = params[method.nameIn];
  if (typeof name !== 'string') throw new GatewayError('invalid_params', `${method.nameIn} must be a string`);
  requireWellFormed(name);
  const given = params.arguments;
  if (method.nameIn === 'name' && given !== undefined && !isObject(given))
    throw new GatewayError('invalid_params', 'arguments must be an object');
  return name;
}

function completionName(params: JsonObject): string {
  const { ref, argument } = params;
  if (!isObject(ref)) throw new GatewayError('invalid_params', 'ref must be an object');
  if (!isObject(argument) || typeof argument.name !== 'string' || typeof argument.value !== 'string')
    throw new GatewayError('invalid_params', 'argument must be an object with the strings name and value');
  const name = ref.type === 'ref/prompt' ? ref.name : ref.type === 'ref/resource' ? ref.uri : undefined;
  if (typeof name !== 'string')
    throw new GatewayError('invalid_params', 'ref must be a ref/prompt with a name or a ref/resource with a uri');
  requireWellFormed(name);
  return name;
}

/** Half of a surrogate pair is a name to us, and whatever its UTF-8 encoder makes of it to the server. */
function requireWellFormed(name: string): void {
  if (!name.isWellFormed()) throw new GatewayError('invalid_params', 'a name holds half a surrogate pair');
}
