/** Questions of servers to clients (elicitation, sampling, roots) in both eras' shapes, and which client may be asked which. */

import { GatewayError } from '../../contracts/errors.ts';
import { TASKS_EXTENSION } from '../../contracts/extensions.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { ClientPeer, PeerSession } from '../../contracts/peer.ts';
import { isObject } from '../../lib/is-object.ts';
import { memberText, scanMembers } from '../../lib/json-text.ts';

/** More than this is asked in no one round. */
const MAX_QUESTIONS = 64;
/** URL elicitation, and with it the distinction of modes, came with this revision. */
const FIRST_WITH_URLS = '2025-11-25';

export interface Question {
  readonly method: string;
  readonly params: JsonText | undefined;
}

/** The capability this question needs and the client has not declared; undefined: it may be asked. */
export function missingFor(capabilities: JsonObject, { method, params }: Question): JsonObject | undefined {
  switch (method) {
    case 'sampling/createMessage':
      return isObject(capabilities.sampling) ? undefined : { sampling: {} };
    case 'roots/list':
      return isObject(capabilities.roots) ? undefined : { roots: {} };
    case 'elicitation/create': {
      const { elicitation } = capabilities;
      if (isUrlQuestion(params))
        return isObject(elicitation) && isObject(elicitation.url) ? undefined : { elicitation: { url: {} } };
      // An empty object means forms, as before there were modes.
      const takesForms = isObject(elicitation) && (isObject(elicitation.form) || !isObject(elicitation.url));
      return takesForms ? undefined : { elicitation: { form: {} } };
    }
    default:
      return { [method]: {} };
  }
}

/** What a modern client is told when a call failed for want of a capability. */
export function lackOf(requiredCapabilities: JsonObject): GatewayError {
  return new GatewayError('missing_capability', 'the server wanted to ask the client', {
    data: { requiredCapabilities },
  });
}

export function isUrlQuestion(params: JsonText | undefined): boolean {
  return params !== undefined && memberText(params, 'mode') === '"url"';
}

/** What a legacy client can be asked, as its capabilities say it, narrowed to what its revision has. */
export function askableCapabilities(peer: ClientPeer): JsonObject {
  if (peer.ask === undefined) return {};
  const declared = JSON.parse(peer.capabilities) as JsonObject;
  const kept: { [name: string]: unknown } = {};
  for (const name of ['sampling', 'roots', 'experimental']) if (isObject(declared[name])) kept[name] = declared[name];
  if (isObject(declared.elicitation))
    kept.elicitation = peer.protocolVersion < FIRST_WITH_URLS ? {} : declared.elicitation;
  // Answers with `resultType: task` need a client that knows them.
  if (isObject(declared.extensions)) kept.extensions = { ...declared.extensions, [TASKS_EXTENSION]: undefined };
  return kept;
}

/** What a client can be asked, and that there may be tasks, which somebody waits for in its place. */
export function capabilitiesWithTasks(peer: ClientPeer): JsonText {
  const declared = peer.era === 'legacy' ? askableCapabilities(peer) : (JSON.parse(peer.capabilities) as JsonObject);
  const extensions = { ...(isObject(declared.extensions) && declared.extensions), [TASKS_EXTENSION]: {} };
  return JSON.stringify({ ...declared, extensions });
}

/** What a modern server is told of a client. A legacy one's capabilities hold for its session, so they are worked out once. */
export function createCapabilitiesForModern(): (peer: ClientPeer) => JsonText {
  const known = new WeakMap<PeerSession, JsonText>();
  return (peer) => {
    if (peer.awaitsTasks === true) return capabilitiesWithTasks(peer);
    if (peer.era === 'modern') return peer.capabilities;
    // Nothing may be asked on a stream that cannot carry questions.
    if (peer.ask === undefined || peer.session === undefined) return '{}';
    let capabilities = known.get(peer.session);
    if (capabilities === undefined) {
      capabilities = JSON.stringify(askableCapabilities(peer));
      known.set(peer.session, capabilities);
    }
    return capabilities;
  };
}

/** `inputRequests` of an input_required result by key; undefined: they are no such thing. Empty if there are none. */
export function readQuestions(result: JsonText): ReadonlyMap<string, Question> | undefined {
  const questions = new Map<string, Question>();
  const requests = memberText(result, 'inputRequests');
  if (requests === undefined) return questions;
  if (!requests.startsWith('{')) return undefined;
  for (const { key, valueStart, valueEnd } of scanMembers(requests)) {
    const text = requests.slice(valueStart, valueEnd);
    const value: unknown = JSON.parse(text);
    if (!isObject(value) || typeof value.method !== 'string' || questions.size >= MAX_QUESTIONS) return undefined;
    if (value.params !== undefined && !isObject(value.params)) return undefined;
    questions.set(key, { method: value.method, params: memberText(text, 'params') });
  }
  return questions;
}

/** An input_required result that asks these; its `requestState` is still to come. */
export function renderInputRequired(questions: Iterable<readonly [string, Question]>): JsonText {
  const entries = [...questions].map(
    ([key, { method, params }]) =>
      `${JSON.stringify(key)}:{"method":${JSON.stringify(method)},"params":${params ?? '{}'}}`,
  );
  return `{"resultType":"input_required","inputRequests":{${entries.join(',')}}}`;
}
