/**
 * Calls of modern clients to legacy servers that may ask in mid-call: the question answers the client's request, and the
 * call to the server waits here, parked, until the client comes back with the answers.
 */

import { randomUUID } from 'node:crypto';
import type { CallSignal } from '../../contracts/call-signal.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonObject, JsonText } from '../../contracts/json.ts';
import type { Log } from '../../contracts/log.ts';
import type { ClientPeer, PeerReply } from '../../contracts/peer.ts';
import type { UpstreamReply, UpstreamRequest } from '../../contracts/upstream.ts';
import { isObject } from '../../lib/is-object.ts';
import { memberText, scanMembers, withMembers } from '../../lib/json-text.ts';
import type { Clock } from './clock.ts';
import { encodeError } from './json-rpc.ts';
import { lackOf, missingFor, type Question, renderInputRequired } from './questions.ts';

/** Questions put one right after the other reach the client together. */
const GATHER_MS = 30;
const METHOD_NOT_FOUND = -32601;

export interface ParkedLimits {
  readonly questionTimeoutMs: number;
  readonly maxParkedCalls: number;
  readonly maxParkedCallsPerKey: number;
}

/** Sends a call to its server; `extraMs` is what it may take beyond the server's own limit, for the client's answers. */
export type SendAskable = (request: UpstreamRequest, extraMs: number) => Promise<UpstreamReply>;

export interface ParkedCalls {
  readonly size: number;
  /** A call in which its client may be asked. Answered `input-required` as soon as it is. */
  begin(serverId: string, request: UpstreamRequest, send: SendAskable): Promise<UpstreamReply>;
  /** Hands the client's answers over and goes on. Throws GatewayError `invalid_state` if nothing waits there (any more). */
  resume(serverId: string, handle: string, request: UpstreamRequest): Promise<UpstreamReply>;
  /** Gives up everything that waits. */
  close(): void;
}

/** One request of the client that waits for an answer: the first, or one that brought answers. */
interface Leg {
  readonly request: UpstreamRequest;
  readonly resolve: (reply: UpstreamReply) => void;
  readonly reject: (error: unknown) => void;
  readonly end: () => void;
}

interface OpenQuestion extends Question {
  readonly answer: (reply: PeerReply) => void;
}

interface ParkedCall {
  readonly serverId: string;
  readonly keyId: string;
  resume(request: UpstreamRequest): Promise<UpstreamReply>;
  giveUp(): void;
}

export function createParkedCalls(deps: { clock: Clock; log: Log; limits: ParkedLimits }): ParkedCalls {
  const { clock, log, limits } = deps;
  const parked = new Map<string, ParkedCall>();

  const admit = (keyId: string): void => {
    let ofKey = 0;
    for (const call of parked.values()) if (call.keyId === keyId) ofKey++;
    if (parked.size >= limits.maxParkedCalls || ofKey >= limits.maxParkedCallsPerKey)
      throw new GatewayError('too_many', 'calls that wait for an answer of their client');
  };

  /** One call to the server, for as many legs as it takes. */
  const openCall = (serverId: string, first: UpstreamRequest, send: SendAskable): Promise<UpstreamReply> => {
    const { keyId } = first;
    const capabilities = JSON.parse(first.peer.capabilities) as JsonObject;
    const upstream = new AbortController();
    const open = new Map<string, OpenQuestion>();
    /** A client may send answers along with a fresh call: the protocol knows questions by their names alone. */
    const early = readAnswers(first.answers);
    let asked = 0;
    let refused: JsonObject | undefined;
    let client: ClientPeer = first.peer;
    let leg: Leg | undefined;
    let ending: { readonly reply: UpstreamReply } | { readonly error: unknown } | undefined;
    let cancelGather: (() => void) | undefined;
    let cancelExpiry: (() => void) | undefined;
    let handle: string | undefined;

    const giveUp = (error: GatewayError): void => {
      const waiting = leg;
      endLeg();
      unpark();
      waiting?.reject(error);
      upstream.abort();
    };
    const endLeg = (): void => {
      leg?.end();
      leg = undefined;
      cancelGather?.();
      cancelGather = undefined;
    };
    const unpark = (): void => {
      cancelExpiry?.();
      if (handle !== undefined) parked.delete(handle);
      handle = undefined;
    };
    const startLeg = (request: UpstreamRequest): Promise<UpstreamReply> =>
      new Promise((resolve, reject) => {
        client = request.peer;
        const onAbort = (): void => giveUp(new GatewayError('cancelled'));
        const cancelLimit = clock.schedule(request.timeoutMs, () => giveUp(new GatewayError('upstream_timeout')));
        const end = (): void => {
          cancelLimit();
          request.signal.removeEventListener('abort', onAbort);
        };
        leg = { request, resolve, reject, end };
        request.signal.addEventListener('abort', onAbort);
        if (request.signal.aborted) onAbort();
      });

    const call: ParkedCall = {
      serverId,
      keyId,
      resume(request) {
        unpark();
        const answered = startLeg(request);
        takeAnswers(request.answers);
        if (ending !== undefined) deliver();
        else gather();
        return answered;
      },
      giveUp: () => giveUp(new GatewayError('upstream_unavailable', 'the gateway is being stopped')),
    };
    /** Missing answers leave their questions open, so they are asked again; answers to nothing are ignored. */
    const takeAnswers = (answers: JsonText | undefined): void => {
      for (const [key, text] of readAnswers(answers)) {
        const question = open.get(key);
        open.delete(key);
        question?.answer({ result: text });
      }
    };
    const gather = (): void => {
      if (leg === undefined || open.size === 0) return;
      cancelGather ??= clock.schedule(GATHER_MS, park);
    };
    const park = (): void => {
      cancelGather = undefined;
      const waiting = leg;
      if (waiting === undefined || open.size === 0) return;
      try {
        admit(keyId);
      } catch (error) {
        return giveUp(error as GatewayError);
      }
      endLeg();
      handle = randomUUID();
      parked.set(handle, call);
      cancelExpiry = clock.schedule(limits.questionTimeoutMs, () => {
        log.info('a client never came back with its answers', { server: serverId, method: first.method });
        giveUp(new GatewayError('cancelled'));
      });
      waiting.resolve({
        type: 'input-required',
        text: renderInputRequired(open),
        continuation: { type: 'parked', handle },
      });
    };
    /** The server has answered; a client that is away learns it when it comes back, or never. */
    const deliver = (): void => {
      const waiting = leg;
      if (waiting === undefined || ending === undefined) return;
      endLeg();
      if ('reply' in ending) waiting.resolve(ending.reply);
      else waiting.reject(ending.error);
    };

    const ask = (method: string, params: JsonText | undefined, signal: CallSignal): Promise<PeerReply> => {
      const question = { method, params };
      const missing = missingFor(capabilities, question);
      if (missing !== undefined) refused = missing;
      if (missing !== undefined)
        return Promise.resolve<PeerReply>({
          error: encodeError(METHOD_NOT_FOUND, `The client does not support ${method}`),
        });
      asked++;
      const key = nameQuestion(question, open, asked);
      const known = early.get(key);
      if (known !== undefined) {
        early.delete(key);
        return Promise.resolve<PeerReply>({ result: known });
      }
      return new Promise<PeerReply>((resolve, reject) => {
        const withdraw = (): void => {
          open.delete(key);
          reject(new GatewayError('cancelled', 'the question was withdrawn'));
        };
        signal.addEventListener('abort', withdraw);
        open.set(key, {
          method,
          params: paramsForModern(params),
          answer(reply) {
            signal.removeEventListener('abort', withdraw);
            resolve(reply);
          },
        });
        gather();
      });
    };

    const answered = startLeg(first);
    const peer: ClientPeer = {
      era: 'modern',
      protocolVersion: first.peer.protocolVersion,
      info: first.peer.info,
      capabilities: first.peer.capabilities,
      session: undefined,
      get logLevel() {
        return client.logLevel;
      },
      get progressToken() {
        return client.progressToken;
      },
      notify: (method, params) => client.notify(method, params),
      ask,
    };
    const request: UpstreamRequest = {
      ...first,
      peer,
      signal: upstream.signal,
      timeoutMs: first.timeoutMs + limits.questionTimeoutMs,
      // A person's answer is not to be asked for twice because a connection broke.
      get repeatable() {
        return first.repeatable && asked === 0;
      },
    };
    if (!first.signal.aborted)
      send(request, limits.questionTimeoutMs).then(
        (reply) => {
          const lacks = reply.type === 'rpc-error' ? refused : undefined;
          ending = lacks === undefined ? { reply } : { error: lackOf(lacks) };
          deliver();
        },
        (error: unknown) => {
          ending = { error };
          deliver();
        },
      );
    return answered;
  };

  return {
    get size() {
      return parked.size;
    },
    begin: openCall,
    resume(serverId, handle, request) {
      const call = parked.get(handle);
      if (call === undefined || call.keyId !== request.keyId || call.serverId !== serverId)
        return Promise.reject(
          new GatewayError('invalid_state', 'it was used already, or nothing waits for it any more'),
        );
      return call.resume(request);
    },
    close() {
      for (const call of [...parked.values()]) call.giveUp();
    },
  };
}

/** Answers by the name of their question; what is no object answers nothing. */
function readAnswers(answers: JsonText | undefined): Map<string, JsonText> {
  const read = new Map<string, JsonText>();
  if (answers === undefined) return read;
  for (const { key, valueStart, valueEnd } of scanMembers(answers))
    if (answers.startsWith('{', valueStart)) read.set(key, answers.slice(valueStart, valueEnd));
  return read;
}

/** The name of a form's only field says most; a legacy server gives none. */
function nameQuestion({ method, params }: Question, taken: ReadonlyMap<string, unknown>, count: number): string {
  const schema = params === undefined ? undefined : (JSON.parse(params) as JsonObject).requestedSchema;
  const fields = isObject(schema) && isObject(schema.properties) ? Object.keys(schema.properties) : [];
  const [field = ''] = fields.length === 1 ? fields : [];
  return /^[A-Za-z]\w{0,63}$/.test(field) && !taken.has(field) ? field : `${method.replace(/\W+/g, '_')}_${count}`;
}

/** Members with a meaning only on the server's own connection, or only in its era. */
function paramsForModern(params: JsonText | undefined): JsonText | undefined {
  if (params === undefined) return undefined;
  const meta = memberText(params, '_meta');
  const rest = meta === undefined ? undefined : withMembers(meta, { progressToken: undefined });
  return withMembers(params, { elicitationId: undefined, task: undefined, _meta: rest === '{}' ? undefined : rest });
}
