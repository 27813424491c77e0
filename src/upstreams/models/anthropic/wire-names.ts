/** Names of tools and calls as Anthropic takes them, for one request, and back. */

import { createToolNames, type ToolName } from '../tool-names.ts';

export interface WireNames {
  /** `isCustom`: a tool whose input is free text, which goes as the one member `input` of an object here. */
  toWire(name: string, namespace?: string, isCustom?: boolean): string;
  fromWire(wireName: string): ToolName & { readonly isCustom: boolean };
  /** Id of a call; results name it by the same. */
  callId(id: string): string;
}

const TOOL_NAME = { character: /[a-zA-Z0-9_-]/, maxChars: 128 };
const CALL_ID = { character: /[a-zA-Z0-9_-]/, maxChars: 256 };

export function createWireNames(): WireNames {
  const tools = createToolNames(TOOL_NAME);
  const calls = createToolNames(CALL_ID);
  const custom = new Set<string>();
  return {
    toWire(name, namespace, isCustom = false) {
      const wireName = tools.toWire(name, namespace);
      if (isCustom) custom.add(wireName);
      return wireName;
    },
    fromWire: (wireName) => ({ ...tools.fromWire(wireName), isCustom: custom.has(wireName) }),
    callId: (id) => calls.toWire(id),
  };
}
