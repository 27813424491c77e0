import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createTempDir } from '../../../test/support/temp-dir.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import type { Log } from '../../contracts/log.ts';
import { Secret } from '../../contracts/secret.ts';
import type { WebhookConfig, WebhookEvent } from '../../contracts/webhooks.ts';
import { openOutbox } from '../../platform/stores/sqlite/outbox.ts';
import { createHttpClient } from '../http/client.ts';
import { createWebhooks, type WebhooksDeps } from './webhooks.ts';

const SECRET = 'whsec_0123456789abcdef';
const log: Log = { debug() {}, info() {}, warn() {}, error() {} };

interface Heard {
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A receiver that answers with these statuses in turn, the last one from then on. */
async function listen(
  t: TestContext,
  ...statuses: number[]
): Promise<{ readonly url: string; readonly heard: Heard[] }> {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      heard.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
      const status = statuses.length > 1 ? statuses.shift() : statuses[0];
      response.writeHead(status ?? 200, { location: 'http://127.0.0.1:1/' }).end('thank you');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?x=1`, heard };
}

const hook = (name: string, url: string, more: Partial<WebhookConfig> = {}): WebhookConfig => ({
  ...{ name, url, secret: new Secret(SECRET), events: ['budget.threshold', 'budget.exceeded'] },
  ...more,
});

const event = (id: string, more: Partial<WebhookEvent> = {}): WebhookEvent => ({
  ...{ id, type: 'budget.threshold', atMs: Date.parse('2026-11-25T12:00:00Z'), data: { share: 0.8 } },
  ...{ keepUntilMs: Number.MAX_SAFE_INTEGER, ...more },
});

async function start(
  t: TestContext,
  hooks: readonly WebhookConfig[],
  more: Partial<WebhooksDeps> & { readonly dataDir?: string; readonly maxWaiting?: number } = {},
) {
  const dataDir = more.dataDir ?? (await createTempDir(t));
  const outbox = openOutbox({ dataDir, ...(more.maxWaiting !== undefined && { maxWaiting: more.maxWaiting }) });
  const http = createHttpClient();
  const webhooks = createWebhooks({
    ...{ outbox, http, hooks: () => hooks, now: Date.now, random: () => 0.5, log, pollMs: 10, firstRetryMs: 20 },
    ...more,
  });
  const stop = async (): Promise<void> => {
    await webhooks[Symbol.asyncDispose]();
    await http[Symbol.asyncDispose]();
    outbox[Symbol.dispose]();
  };
  t.after(stop);
  return { webhooks, outbox, dataDir, stop };
}

test('an event arrives signed, once, at those who want it', async (t) => {
  const [all, other] = [await listen(t, 204), await listen(t, 200)];
  const hooks = [hook('all', all.url), hook('other', other.url, { events: ['budget.exceeded'] })];
  const { webhooks } = await start(t, hooks);
  await webhooks.tell(event('evt_1'));
  await webhooks.tell(event('evt_1'));
  await webhooks.tell(event('evt_2', { type: 'budget.exceeded' }));
  await waitFor('two and one', () => all.heard.length === 2 && other.heard.length === 1);
  const { headers, body } =
    all.heard.find((each) => each.headers['portcullis-event-id'] === 'evt_1') ?? all.heard[0] ?? {};
  const [, atS, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers?.['portcullis-signature'])) ?? [];
  assert.equal(signature, createHmac('sha256', SECRET).update(`${atS}.${body}`).digest('hex'));
  assert.equal(headers?.['portcullis-event'], 'budget.threshold');
  assert.deepEqual(JSON.parse(body ?? ''), {
    ...{ id: 'evt_1', type: 'budget.threshold', at: '2026-11-25T12:00:00.000Z', data: { share: 0.8 } },
  });
  // Whoever knows it already is told no second time.
  await webhooks.tell(event('evt_1'));
  await webhooks.tell(event('evt_3'));
  await waitFor('the third', () => all.heard.some(({ headers: told }) => told['portcullis-event-id'] === 'evt_3'));
  assert.equal(all.heard.length, 3);
});

test('what is not heard is told again, with the time of the new try; a redirect is no answer', async (t) => {
  const { url, heard } = await listen(t, 500, 302, 200);
  const { webhooks } = await start(t, [hook('a', url)]);
  await webhooks.tell(event('evt_1'));
  await waitFor('the third try', () => heard.length === 3);
  await webhooks.tell(event('evt_2'));
  await waitFor('the next event', () => heard.length === 4);
});

test('an event outlives the process: what one could not deliver, the next one does', async (t) => {
  const broken = await listen(t, 503);
  const first = await start(t, [hook('a', broken.url)], { firstRetryMs: 3_600_000 });
  await first.webhooks.tell(event('evt_1'));
  await waitFor('a try', () => broken.heard.length === 1);
  await first.stop();
  const well = await listen(t, 200);
  // Later, when the lease and the wait of the first are over.
  const now = (): number => Date.now() + 7_200_000;
  await start(t, [hook('a', well.url)], { dataDir: first.dataDir, now });
  await waitFor('the event', () => well.heard.length === 1);
});

test('a receiver that never answers keeps nobody waiting, and nothing from being stopped', async (t) => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const well = await listen(t, 200);
  const silent = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const { webhooks, stop } = await start(t, [hook('silent', silent), hook('well', well.url)]);
  await webhooks.tell(event('evt_1'));
  await waitFor('the other one', () => well.heard.length === 1);
  await stop();
});

test('so many events wait at most; a webhook that is gone is not told', async (t) => {
  const { outbox } = await start(t, [], { maxWaiting: 2, pollMs: 3_600_000 });
  const entry = (id: string) => ({ id, type: 'budget.exceeded' as const, body: '{}', keepUntilMs: undefined });
  assert.equal(outbox.add(entry('a'), ['x', 'y'], 1), 'kept');
  assert.equal(outbox.add(entry('b'), ['x'], 1), 'full');
  const { webhooks } = await start(t, []);
  await webhooks.tell(event('evt_1'));
});

test('what is taken is left to others once its lease is over, and what was delivered is forgotten when it may be', async (t) => {
  const { outbox } = await start(t, [], { pollMs: 3_600_000 });
  const entry = (id: string, keepUntilMs?: number) => ({
    id,
    type: 'budget.exceeded' as const,
    body: '{}',
    keepUntilMs,
  });
  outbox.add(entry('a', 5_000), ['x'], 0);
  const [taken] = await outbox.take(10, 1_000, 0);
  assert.ok(taken);
  assert.deepEqual(await outbox.take(10, 1_000, 999), []);
  const [again] = await outbox.take(10, 1_000, 1_000);
  assert.equal(again?.attempts, 1);
  await outbox.done(taken, 1_500);
  outbox.add(entry('a', 5_000), ['x'], 2_000);
  assert.deepEqual(await outbox.take(10, 1_000, 9_000), [], 'it was told before');
  outbox.add(entry('b'), ['x'], 9_000);
  outbox.add(entry('a', 5_000), ['x'], 9_001);
  assert.equal((await outbox.take(10, 1_000, 9_002)).length, 2);
});
