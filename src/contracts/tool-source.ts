/** The port of tools made inside this process: `upstreams/mcp` serves them as if they were a server. */

import type { JsonText } from './json.ts';
import type { ServerCredential } from './server-credentials.ts';

export interface ToolSourceInfo {
  readonly name: string;
  readonly version: string;
  readonly instructions: string | undefined;
}

/** One per configured server, shared by all links to it. */
export interface ToolSource {
  /**
   * Makes sure that there is something to list. Throws with a message for operators that holds no secret; as cause of a
   * GatewayError `upstream_unavailable` if trying again soon may help.
   */
  open(signal: AbortSignal): Promise<ToolSourceInfo>;
  /** Definitions of all tools, as they are now. Throws with such a message; the tools known before then stay callable. */
  list(signal: AbortSignal): Promise<readonly JsonText[]>;
  /**
   * The result of tools/call; undefined: there is no such tool. Throws GatewayError where the call could not be brought,
   * as a link does.
   */
  call(request: ToolSourceCall): Promise<JsonText | undefined>;
  /** Calls back when the tools may have changed, until the returned function is called. */
  watch(onChange: () => void): () => void;
}

export interface ToolSourceCall {
  readonly name: string;
  /** An object. */
  readonly arguments: JsonText;
  readonly traceparent: string | undefined;
  /** What the call carries of its user; undefined: nothing, as calls are made with what the configuration says. */
  readonly credential?: ServerCredential | undefined;
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
}
