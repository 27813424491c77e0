/** The question to whoever sits at an MCP client: open the page on which an account is connected. */

import type { Call, CallKind } from '../../contracts/call.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { ClientPeer } from '../../contracts/peer.ts';
import { isObject } from '../../lib/is-object.ts';

/** Key of the question where several may be asked at once. */
export const CONNECT_QUESTION = 'portcullis-connect';
const FIRST_WITH_URLS = '2025-11-25';
const URL_ELICITATION_REQUIRED = -32042;
/** Only these may be answered with questions. */
const ASKING: ReadonlySet<CallKind> = new Set(['tools.call', 'prompts.get', 'resources.read']);

/** How the client of this call can be told of an address; undefined: in words only. */
export function wayToAsk({ kind, surface, peer }: Call): 'questions' | 'request' | 'error' | undefined {
  if (surface !== 'mcp' || !ASKING.has(kind) || !opensUrls(peer)) return undefined;
  if (peer.era === 'modern') return 'questions';
  return peer.ask === undefined ? 'error' : 'request';
}

function opensUrls({ era, protocolVersion, capabilities }: ClientPeer): boolean {
  if (era === 'legacy' && protocolVersion < FIRST_WITH_URLS) return false;
  const declared: unknown = JSON.parse(capabilities);
  const elicitation = isObject(declared) ? declared.elicitation : undefined;
  return isObject(elicitation) && isObject(elicitation.url);
}

const messageFor = (serverId: string): string =>
  `Calls of "${serverId}" are made with an account of your own. Open this page of the gateway to connect it; sign in there as the user whose key this client uses.`;

/** `params` of elicitation/create. */
export function questionFor(serverId: string, url: string, elicitationId?: string): JsonText {
  return JSON.stringify({ mode: 'url', message: messageFor(serverId), url, elicitationId });
}

/** An input_required result. */
export function renderQuestion(serverId: string, url: string, state: string): JsonText {
  const request = `{"method":"elicitation/create","params":${questionFor(serverId, url)}}`;
  return `{"resultType":"input_required","inputRequests":{"${CONNECT_QUESTION}":${request}},"requestState":${JSON.stringify(state)}}`;
}

/** The error by which 2025-11-25 says it. */
export function renderUrlRequired(serverId: string, url: string, elicitationId: string): JsonText {
  const message = messageFor(serverId);
  return JSON.stringify({
    ...{ code: URL_ELICITATION_REQUIRED, message },
    data: { elicitations: [{ mode: 'url', elicitationId, url, message }] },
  });
}

/** In words, for people and models. */
export function connectionRequired(call: Call, serverId: string, url: string): GatewayError {
  return new GatewayError(
    'connection_required',
    `server "${serverId}"; open ${url} in a browser, signed in to the gateway as the user whose key this is, connect, and call again`,
    { data: { server: serverId, url, ...nameOf(call) } },
  );
}

export function userRequired(call: Call, serverId: string): GatewayError {
  return new GatewayError('user_required', `server "${serverId}"; call with a key of a user`, {
    data: { server: serverId, ...nameOf(call) },
  });
}

/** By it edges know a call of a tool, whose client shall show its model what is missing. */
const nameOf = (call: Call): { readonly tool?: string } => (call.kind === 'tools.call' ? { tool: call.name } : {});

/** What the client did with the question; undefined: nothing that can be understood. */
export function actionOf(result: unknown): 'accept' | 'decline' | 'cancel' | undefined {
  const action = isObject(result) ? result.action : undefined;
  return action === 'accept' || action === 'decline' || action === 'cancel' ? action : undefined;
}
