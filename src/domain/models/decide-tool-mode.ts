/** Whether the gateway's tools go along with a model request: what the request, its key and the configuration say of it. */

import type { ToolMode } from '../../contracts/models-config.ts';

export type ToolModeVerdict =
  | { readonly type: 'mode'; readonly mode: ToolMode }
  /** What the request asks for by name cannot be had. */
  | { readonly type: 'refused'; readonly reason: string };

export interface ToolModeWish {
  /** The header's text; undefined: it is not there. */
  readonly header: string | undefined;
  /** The request names servers, tools or a toolset. */
  readonly namesTools: boolean;
  /** Undefined: the key says nothing of it. */
  readonly key: ToolMode | undefined;
  readonly configured: ToolMode;
}

const LATER: ReadonlySet<string> = new Set(['search', 'code', 'auto']);
const OFF: ToolModeVerdict = { type: 'mode', mode: 'off' };
const CLASSIC: ToolModeVerdict = { type: 'mode', mode: 'classic' };

/** `off` always holds. A key that says `off` is never overruled: asked for outright, that is an error and not silence. */
export function decideToolMode({ header, namesTools, key, configured }: ToolModeWish): ToolModeVerdict {
  if (header !== undefined && header !== 'off' && header !== 'classic') {
    const reason = LATER.has(header) ? `${header} is not available yet` : 'takes off or classic';
    return { type: 'refused', reason };
  }
  if (header === 'off') return OFF;
  if (key === 'off')
    return header === undefined ? OFF : { type: 'refused', reason: 'this key gets no tools of the gateway' };
  if (header === 'classic' || key === 'classic' || namesTools || configured === 'classic') return CLASSIC;
  return OFF;
}
