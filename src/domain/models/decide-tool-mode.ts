/** Whether and how the gateway's tools are shown: what the request, the toolset, the key and the configuration say of it. */

import { SHOWN_MODES, type ShownMode } from '../../contracts/codemode.ts';
import { TOOL_MODES, type ToolMode } from '../../contracts/models-config.ts';

export type ToolModeVerdict<M extends ToolMode = ToolMode> =
  | { readonly type: 'mode'; readonly mode: M }
  /** What the request asks for cannot be had. */
  | { readonly type: 'refused'; readonly reason: string };

export interface ToolModeWish {
  /** The header's text; undefined: it is not there. */
  readonly header: string | undefined;
  /** Of the toolset that is asked for; undefined: there is none, or it does not say. */
  readonly toolset: ShownMode | undefined;
  /** Undefined: the key says nothing of it. */
  readonly key: ToolMode | undefined;
}

const isToolMode = (text: string): text is ToolMode => TOOL_MODES.some((mode) => mode === text);
const isShownMode = (text: string): text is ShownMode => SHOWN_MODES.some((mode) => mode === text);

/** Requests to models. `off` always holds. A key that says `off` is never overruled: asked for outright, that is an error and not silence. */
export function decideToolMode(
  wish: ToolModeWish & {
    /** The request names servers, tools or a toolset. */
    readonly namesTools: boolean;
    readonly configured: ToolMode;
  },
): ToolModeVerdict {
  const { header, toolset, key, namesTools, configured } = wish;
  if (header !== undefined && !isToolMode(header)) return { type: 'refused', reason: `takes ${TOOL_MODES.join(', ')}` };
  if (header === 'off') return { type: 'mode', mode: 'off' };
  if (key === 'off')
    return header === undefined
      ? { type: 'mode', mode: 'off' }
      : { type: 'refused', reason: 'this key gets no tools of the gateway' };
  const mode = header ?? toolset ?? key ?? configured;
  return { type: 'mode', mode: mode === 'off' && namesTools ? 'classic' : mode };
}

/** Lists of tools at MCP endpoints, where `off` of a key says nothing: its grant does. */
export function decideShownMode(wish: ToolModeWish & { readonly configured: ShownMode }): ToolModeVerdict<ShownMode> {
  const { header, toolset, key, configured } = wish;
  if (header !== undefined && !isShownMode(header))
    return { type: 'refused', reason: `takes ${SHOWN_MODES.join(', ')}` };
  return { type: 'mode', mode: header ?? toolset ?? (key === 'off' ? undefined : key) ?? configured };
}
