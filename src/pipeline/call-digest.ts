/** Under what an answer may serve another call: everything of a call that its server could have answered differently to. */

import type { Call } from '../contracts/call.ts';
import { canonicalJson } from '../lib/canonical-json.ts';
import { isObject } from '../lib/is-object.ts';
import { DuplicateMemberError } from '../lib/json-text.ts';
import { callerOf } from './grants.ts';
import { argumentsText, paramsOf } from './intent.ts';

/** Members of `params` and of its `_meta` that are known to mean the same to every server, or nothing. */
const PARAMS: ReadonlySet<string> = new Set(['name', 'arguments', '_meta']);
const META =
  /^(?:progressToken|traceparent|tracestate|baggage|io\.modelcontextprotocol\/(?:protocolVersion|clientInfo|clientCapabilities|logLevel))$/;

/**
 * Equal for calls that are served by one answer. `perCaller` false: whoever makes them. Undefined: this call has something
 * about it (a task, answers to questions, members we do not know) that makes it one of its own.
 */
export function callDigest(call: Call, perCaller: boolean): string | undefined {
  const { facts, endpoint, peer } = call;
  const params = paramsOf(call);
  if (facts.continues !== undefined || Object.keys(params.value).some((key) => !PARAMS.has(key))) return undefined;
  const meta = params.value._meta;
  if (isObject(meta) && Object.keys(meta).some((key) => !META.test(key))) return undefined;
  const given = argumentsText(params);
  try {
    return JSON.stringify([
      facts.serverId,
      facts.target,
      // At an endpoint of one server the URIs in an answer are the server's own.
      endpoint.type === 'server',
      perCaller ? callerOf(call).keyId : null,
      peer.era,
      peer.protocolVersion,
      canonicalJson(peer.capabilities),
      given === undefined ? null : canonicalJson(given),
    ]);
  } catch (error) {
    if (error instanceof DuplicateMemberError) return undefined;
    throw error;
  }
}
