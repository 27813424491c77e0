/** Tells webhooks of events: signed, again until it is heard, never on anybody's way. */

import { createHmac } from 'node:crypto';
import type { Log } from '../../contracts/log.ts';
import type { Delivery, Outbox, WebhookConfig, WebhookEvent } from '../../contracts/webhooks.ts';
import { backoffMs } from '../../lib/backoff.ts';
import type { HttpClient } from '../http/client.ts';

export interface Webhooks extends AsyncDisposable {
  /** Resolves once the event is in the outbox. Rejects if it cannot be kept there. */
  tell(event: WebhookEvent): Promise<void>;
}

export interface WebhooksDeps {
  readonly outbox: Outbox;
  readonly http: HttpClient;
  /** Of the configuration in force. */
  readonly hooks: () => readonly WebhookConfig[];
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  /** 0 to 1, exclusive. */
  readonly random: () => number;
  readonly log: Log;
  /** How often what is to be tried again is looked for. Default 1,000 ms. */
  readonly pollMs?: number;
  /** First wait before trying again; it doubles up to an hour. Default 1,000 ms. */
  readonly firstRetryMs?: number;
}

const AT_ONCE = 16;
const ANSWER_TIMEOUT_MS = 10_000;
/** Longer than an answer takes: a process that died with a delivery leaves it to others after that. */
const LEASE_MS = 30_000;
const MAX_RETRY_MS = 3_600_000;
const GIVE_UP_MS = 3 * 86_400_000;
const MAX_ANSWER_BYTES = 65_536;

/** What stands in `Portcullis-Signature`: seconds, and the HMAC-SHA256 of `seconds.body`, hex. */
export function signBody(secret: string, atS: number, body: string): string {
  return `t=${atS},v1=${createHmac('sha256', secret).update(`${atS}.${body}`).digest('hex')}`;
}

export function createWebhooks(deps: WebhooksDeps): Webhooks {
  const { outbox, log } = deps;
  const retries = { firstMs: deps.firstRetryMs ?? 1_000, maxMs: MAX_RETRY_MS };
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  let again = false;

  const deliver = async (delivery: Delivery): Promise<void> => {
    const hook = deps.hooks().find(({ name }) => name === delivery.hook);
    const nowMs = deps.now();
    // A webhook that was taken out is not told any more.
    if (hook === undefined) return outbox.done(delivery, nowMs);
    const answer = await post(deps.http, hook, delivery, nowMs, stopping.signal);
    if (answer.status >= 200 && answer.status < 300) return outbox.done(delivery, deps.now());
    // Left to the next process, or to this one after its lease.
    if (stopping.signal.aborted) return;
    const told = { hook: hook.name, event: delivery.eventId, status: answer.status, error: answer.error };
    if (nowMs - delivery.createdAtMs > GIVE_UP_MS) {
      log.error('a webhook was not reached for three days: an event is given up', told);
      return outbox.done(delivery, nowMs);
    }
    if (delivery.attempts === 0) log.warn('a webhook was not reached: it is tried again', told);
    return outbox.retry(delivery, deps.now() + backoffMs(delivery.attempts, retries, deps.random));
  };

  const runOnce = async (): Promise<void> => {
    do {
      again = false;
      const due = await outbox.take(AT_ONCE, LEASE_MS, deps.now());
      await Promise.all(
        due.map((each) =>
          deliver(each).catch((error: unknown) =>
            log.error('an event could not be told; it is tried again', { hook: each.hook, error }),
          ),
        ),
      );
      again ||= due.length === AT_ONCE;
    } while (again && !stopping.signal.aborted);
  };

  const run = (): void => {
    if (stopping.signal.aborted) return;
    if (running !== undefined) {
      again = true;
      return;
    }
    running = runOnce()
      .catch((error: unknown) => log.error('the outbox of webhooks cannot be read', { error }))
      .finally(() => {
        running = undefined;
      });
  };

  const poll = setInterval(() => {
    if (deps.hooks().length > 0) run();
  }, deps.pollMs ?? 1_000);
  poll.unref();

  return {
    async tell(event) {
      const hooks = deps.hooks().filter(({ events }) => events.includes(event.type));
      if (hooks.length === 0) return;
      const { id, type, atMs, data, keepUntilMs } = event;
      const body = JSON.stringify({ id, type, at: new Date(atMs).toISOString(), data });
      const names = hooks.map(({ name }) => name);
      const kept = await outbox.add({ id, type, body, keepUntilMs }, names, deps.now());
      if (kept === 'full') throw new Error('too many events wait for webhooks that cannot be reached');
      run();
    },
    async [Symbol.asyncDispose]() {
      clearInterval(poll);
      stopping.abort();
      await running;
    },
  };
}

interface Answer {
  /** 0: there was none. */
  readonly status: number;
  readonly error: string | undefined;
}

/** Never rejects. Redirects are not followed: who is told is what the operator wrote. */
function post(
  http: HttpClient,
  hook: WebhookConfig,
  { body, type, eventId }: Delivery,
  nowMs: number,
  stopping: AbortSignal,
): Promise<Answer> {
  const url = new URL(hook.url);
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  return new Promise((resolve) => {
    let status = 0;
    let bytes = 0;
    const end = (error?: string): void => {
      signal.removeEventListener('abort', onAbort);
      resolve({ status, error });
    };
    const onAbort = (): void => {
      exchange.abort();
      status = 0;
      end('no answer in time');
    };
    const exchange = http.send(
      {
        method: 'POST',
        origin: url.origin,
        path: url.pathname + url.search,
        headers: [
          ...['content-type', 'application/json', 'user-agent', 'portcullis'],
          ...['portcullis-event', type, 'portcullis-event-id', eventId],
          ...['portcullis-signature', signBody(hook.secret.open(), Math.floor(nowMs / 1_000), body)],
        ],
        body,
      },
      {
        onHead(told) {
          status = told;
        },
        onData(chunk) {
          bytes += chunk.length;
          if (bytes <= MAX_ANSWER_BYTES) return;
          exchange.abort();
          end();
        },
        onEnd: () => end(),
        onFailure({ error }) {
          status = 0;
          end(error.message);
        },
      },
    );
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
