/** Step: an answer of a tool that only reads serves equal calls for a while, and equal calls made at once are made once. */

import type { Call, McpOutcome, Next, Step } from '../../contracts/call.ts';
import type { CallSignal } from '../../contracts/call-signal.ts';
import type { CacheConfig } from '../../contracts/config.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type { Offer } from '../../contracts/upstream.ts';
import type { Catalog } from '../../domain/tools/catalog.ts';
import { compileToolRules } from '../../domain/tools/tool-rules.ts';
import { DuplicateMemberError, memberText, scanMembers, withMembers } from '../../lib/json-text.ts';
import { createLru } from '../../lib/lru.ts';
import { callDigest } from '../call-digest.ts';

/** Of our own in `_meta` of a result that was not fetched for this call. */
const CACHE_KEY = 'portcullis.dev/cache';

interface Answer {
  readonly text: JsonText;
  /** As long as the server's offer is this one: a change of its lists may be a change of what its tools do. */
  readonly offer: Offer | undefined;
  readonly madeMs: number;
  readonly expiresMs: number;
}

interface Flight {
  readonly offer: Offer | undefined;
  readonly outcome: Promise<McpOutcome>;
}

/** Questions and tasks belong to the call in which they came, and so does what could be read in two ways. */
function isWhole(text: JsonText): boolean {
  try {
    const meta = memberText(text, '_meta') ?? '{}';
    scanMembers(meta);
    const type = memberText(text, 'resultType') ?? '"complete"';
    return meta.startsWith('{') && type === '"complete"' && memberText(text, 'task') === undefined;
  } catch (error) {
    if (error instanceof DuplicateMemberError) return false;
    throw error;
  }
}

function isKeepable(outcome: McpOutcome): boolean {
  return outcome.type === 'result' && !outcome.isError && isWhole(outcome.text);
}

function withMark(text: JsonText, ageMs: number): JsonText {
  const mark = { [CACHE_KEY]: `{"hit":true,"ageMs":${Math.round(ageMs)}}` };
  return withMembers(text, { _meta: withMembers(memberText(text, '_meta') ?? '{}', mark) });
}

/** What the promise gives, unless the client leaves first. */
function untilGone<T>(promise: Promise<T>, signal: CallSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(new GatewayError('cancelled'));
    const stay = (): void => signal.removeEventListener('abort', leave);
    if (signal.aborted) return leave();
    signal.addEventListener('abort', leave);
    promise.then(
      (value) => {
        stay();
        resolve(value);
      },
      (error: unknown) => {
        stay();
        reject(error);
      },
    );
  });
}

export function createReadCache(
  /** `perUser`: servers whose answers are each of one user. */
  deps: { catalog: () => Catalog; monotonicMs: () => number; perUser?: ReadonlySet<string> },
  config: CacheConfig,
): Step {
  const ruleOf = compileToolRules(config.tools);
  const answers = createLru<Answer>(config.maxBytes);
  /** Never more than there are calls under way. */
  const flights = new Map<string, Flight>();

  const begin = (digest: string, offer: Offer | undefined, ttlMs: number, next: Next): Promise<McpOutcome> => {
    const outcome = (async () => next())();
    const flight = { offer, outcome };
    flights.set(digest, flight);
    const land = (): void => {
      if (flights.get(digest) === flight) flights.delete(digest);
    };
    outcome.then((made) => {
      land();
      if (!isKeepable(made)) return;
      const madeMs = deps.monotonicMs();
      const bytes = 2 * (made.text.length + digest.length);
      answers.set(digest, { text: made.text, offer, madeMs, expiresMs: madeMs + ttlMs }, bytes);
    }, land);
    return outcome;
  };

  /** Waits for the same call of somebody else. Their leaving must not end ours: then it is asked again, by one of us. */
  const join = async (
    call: Call,
    flight: Flight,
    next: Next,
    again: () => McpOutcome | Promise<McpOutcome>,
  ): Promise<McpOutcome> => {
    let made: McpOutcome;
    try {
      made = await untilGone(flight.outcome, call.signal);
    } catch (error) {
      const theyLeft = error instanceof GatewayError && error.code === 'cancelled' && !call.signal.aborted;
      if (theyLeft) return again();
      throw error;
    }
    if (made.type === 'result' && !isWhole(made.text)) return next();
    call.facts.cached = true;
    return isKeepable(made) ? { ...made, text: withMark(made.text, 0) } : made;
  };

  return (call, next) => {
    const { serverId, tool, meta } = call.facts;
    // The gateway's own tools answer each caller by what that one may see, as of now.
    if (meta !== undefined) return next();
    const rule = serverId === undefined || tool === undefined ? undefined : ruleOf(serverId, tool);
    if (rule === undefined || !(rule.readOnly || tool?.readOnly)) return next();
    const digest = callDigest(call, rule.scope === 'caller' || deps.perUser?.has(serverId ?? '') === true);
    if (digest === undefined) return next();

    const serve = (): McpOutcome | Promise<McpOutcome> => {
      const offer = deps.catalog().servers.get(serverId ?? '')?.offer;
      const known = answers.get(digest);
      const nowMs = deps.monotonicMs();
      if (known !== undefined && known.offer === offer && nowMs < known.expiresMs) {
        call.facts.cached = true;
        return { type: 'result', text: withMark(known.text, nowMs - known.madeMs), isError: false };
      }
      const flight = flights.get(digest);
      if (flight !== undefined && flight.offer === offer) return join(call, flight, next, serve);
      return begin(digest, offer, rule.ttlMs, next);
    };
    return serve();
  };
}
