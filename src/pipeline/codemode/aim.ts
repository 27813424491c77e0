/** What a name that is no server's stands for: one of the gateway's own tools, or the tool that `call_tool` names. */

import type { Call } from '../../contracts/call.ts';
import { META_TOOLS, type MetaToolName } from '../../contracts/codemode.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText, ParsedJson } from '../../contracts/json.ts';
import type { CompiledGrant } from '../../domain/access/compile-grant.ts';
import type { CatalogItem } from '../../domain/tools/catalog.ts';
import { isObject } from '../../lib/is-object.ts';
import { memberText, withMembers } from '../../lib/json-text.ts';

export interface Aim {
  readonly item: CatalogItem;
  /** It is one of the gateway's own. */
  readonly meta: MetaToolName | undefined;
  /** In place of those of the call: what `call_tool` was given for the tool. */
  readonly arguments: JsonText | undefined;
}

/** For a call of one of the gateway's own. Undefined: it is none, or there is none for this call. Throws GatewayError. */
export type AimMeta = (
  call: Pick<Call, 'surface' | 'endpoint' | 'narrowing' | 'facts'>,
  name: string,
  args: JsonText | undefined,
  grant: CompiledGrant,
) => Aim | undefined;

/** The same for what a model wrote: what cannot be understood is about nothing. */
export function aimOrNone(aimMeta: AimMeta | undefined, ...[call, name, args, grant]: Parameters<AimMeta>) {
  try {
    if (args !== undefined) JSON.parse(args);
    return aimMeta?.(call, name, args, grant);
  } catch {
    return undefined;
  }
}

const NAMES: ReadonlySet<string> = new Set(META_TOOLS);

export const isMetaName = (name: string): name is MetaToolName => NAMES.has(name);

/** The call with these arguments. */
export function withArguments({ text, value }: ParsedJson, args: JsonText): ParsedJson {
  return { text: withMembers(text, { arguments: args }), value: { ...value, arguments: JSON.parse(args) } };
}

/** What `call_tool` is about. Throws GatewayError `unknown_tool`, `invalid_params`. */
export function aimInner(outer: JsonText, findNamed: (name: string) => CatalogItem | undefined): Aim {
  const name: unknown = JSON.parse(memberText(outer, 'name') ?? 'null');
  if (typeof name !== 'string') throw new GatewayError('invalid_params', 'name: the tool to call is missing');
  const item = isMetaName(name) ? undefined : findNamed(name);
  if (item === undefined) throw new GatewayError('unknown_tool', name);
  const inner = memberText(outer, 'arguments') ?? '{}';
  const parsed: unknown = JSON.parse(inner);
  // Some models write the object as text.
  const args = typeof parsed === 'string' ? parsed : inner;
  if (!isObject(typeof parsed === 'string' ? tryParse(parsed) : parsed))
    throw new GatewayError('invalid_params', 'arguments: must be an object');
  return { item, meta: undefined, arguments: args };
}

function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
