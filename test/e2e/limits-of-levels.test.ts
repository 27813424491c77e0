/** Limits of teams and organisations hold for all their keys together, whatever comes at once, and the ledger is the sum of the calls. */

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { readTrail, runCli, type StartedGateway, startGateway } from '../support/gateway.ts';
import { openPeople } from '../support/people.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

interface Receiver {
  readonly url: string;
  readonly bodies: string[];
}

async function listen(t: TestContext, answer: (body: string) => string | undefined): Promise<Receiver> {
  const bodies: string[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      bodies.push(body);
      const text = answer(body);
      // Undefined: it never answers.
      if (text !== undefined) response.writeHead(200, { 'content-type': 'application/json' }).end(text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, bodies };
}

const completion = (outputTokens: number): string =>
  JSON.stringify({
    ...{ id: 'x', object: 'chat.completion', created: 1, model: 'm' },
    choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hello' } }],
    usage: { prompt_tokens: 10, completion_tokens: outputTokens, total_tokens: 10 + outputTokens },
  });

const configOf = (provider: Receiver, prices: object, more: object = {}): object => ({
  providers: { mock: { type: 'openai', baseUrl: `${provider.url}/v1`, apiKey: 'sk-0123456789abcdef', maxRetries: 0 } },
  models: { prices: { 'mock/*': { inputUsdPerMillion: 0, outputUsdPerMillion: 0, ...prices } } },
  ...more,
});

async function chat({ url }: StartedGateway, key: string, content: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'mock/m', max_tokens: 100, messages: [{ role: 'user', content }] }),
  });
  return { status: answer.status, text: await answer.text() };
}

/** What the ledger says of a level, micro-dollars and calls. */
function ledgerOf(dataDir: string, type: string, id: string): { readonly microUsd: number; readonly calls: number } {
  const db = new DatabaseSync(join(dataDir, 'portcullis.db'), { readOnly: true });
  try {
    const sum = 'SELECT coalesce(sum(micro_usd), 0) AS spent, coalesce(sum(calls), 0) AS calls FROM spend_by_level';
    const row = db.prepare(`${sum} WHERE level_type = ? AND level_id = ?`).get(type, id);
    return { microUsd: Number(row?.spent), calls: Number(row?.calls) };
  } finally {
    db.close();
  }
}

const countOf = (of: readonly { readonly status: number }[], status: number): number =>
  of.filter((each) => each.status === status).length;

test('64 callers at once over four keys of a team: the team, its organisation and their models hold', async (t) => {
  let outputTokens = 40;
  const provider = await listen(t, () => completion(outputTokens));
  const dataDir = await createTempDir(t);
  const people = openPeople(dataDir);
  await people.add('organization', 'acme', { limits: { requests: [{ max: 150, per: 'hour' }] } });
  // An answer of 100 tokens is set aside (1,500 micro-dollars); this one costs 600.
  const budgets = [{ maxUsd: 0.02, per: 'total', on: ['model:mock/*'] }];
  await people.add('team', 'honest', { organization: 'acme', limits: { budgets } });
  await people.add('team', 'dear', { organization: 'acme', limits: { budgets } });
  const keysOf = (team: string) => Promise.all([1, 2, 3, 4].map((i) => people.addKey(`${team}-${i}`, { team })));
  const [honest, dear] = [await keysOf('honest'), await keysOf('dear')];
  await people.close();
  const gateway = await startGateway(t, { config: configOf(provider, { outputUsdPerMillion: 15 }), dataDir });
  const many = (keys: readonly string[]) =>
    Promise.all(Array.from({ length: 64 }, (_, i) => chat(gateway, keys[i % 4] ?? '', `number ${i}`)));

  const first = await many(honest);
  const answered = countOf(first, 200);
  assert.equal(answered + countOf(first, 402), 64);
  assert.ok(answered >= 13 && answered * 600 <= 20_000, `${answered} answers`);
  assert.match(first.find(({ status }) => status === 402)?.text ?? '', /team honest: 0\.02 USD in all on model:mock/);

  // Answers ten times as long as their bound: more is spent by what was in flight, and by no more.
  outputTokens = 1_000;
  const second = await many(dear);
  const paid = countOf(second, 200);
  assert.ok(paid <= 20_000 / 1_500, `${paid} answers`);
  assert.equal(paid + countOf(second, 402), 64);

  // The organisation's requests: 128 are counted, 22 are left.
  outputTokens = 40;
  const third = await many(honest);
  assert.equal(countOf(third, 429), 42);
  const late = countOf(third, 200);
  assert.ok((answered + late) * 600 <= 20_000, `${answered} and ${late} answers`);

  assert.equal(provider.bodies.length, answered + late + paid);
  await waitFor('all calls in the trail', async () => (await readTrail(dataDir)).length === 192);
  assert.deepEqual(ledgerOf(dataDir, 'team', 'honest'), {
    microUsd: (answered + late) * 600,
    calls: answered + late,
  });
  assert.deepEqual(ledgerOf(dataDir, 'team', 'dear'), { microUsd: paid * 15_000, calls: paid });
  assert.equal(ledgerOf(dataDir, 'organization', 'acme').microUsd, (answered + late) * 600 + paid * 15_000);
  assert.match(await runCli('audit', 'verify-spend', '--data', dataDir), /The ledger is the sum of the calls/);
});

test('after kill -9 the ledger is the sum of what the provider saw, the budget stays spent, and nobody is told twice', {
  timeout: 120_000,
}, async (t) => {
  const provider = await listen(t, (body) => (body.includes('hold') ? undefined : completion(1)));
  const hook = await listen(t, () => '');
  const dataDir = await createTempDir(t);
  const people = openPeople(dataDir);
  const budgets = [{ maxUsd: 0.0121, per: 'month', alertAt: [0.5, 1] }];
  await people.add('organization', 'acme');
  await people.add('team', 'research', { organization: 'acme', limits: { budgets } });
  const key = await people.addKey('agent', { team: 'research' });
  await people.close();
  const webhooks = { ops: { url: `${hook.url}/`, secret: 'whsec_0123456789abcdef' } };
  const config = configOf(provider, { perCallMicroUsd: 300 }, { webhooks });
  const first = await startGateway(t, { config, dataDir });

  const done = await Promise.all(Array.from({ length: 30 }, () => chat(first, key, 'hello')));
  assert.equal(countOf(done, 200), 30);
  const held = Array.from({ length: 10 }, () => chat(first, key, 'hold').catch(() => undefined));
  await waitFor('forty requests at the provider', () => provider.bodies.length === 40);
  await waitFor('the webhook to hear', () => hook.bodies.length === 1);
  assert.equal((await chat(first, key, 'hello')).status, 402);
  await waitFor('it to hear of the refusal', () => hook.bodies.length === 2);
  await first.kill9();
  await Promise.all(held);

  const second = await startGateway(t, { config, dataDir });
  const { status, text } = await chat(second, key, 'hello');
  assert.equal(status, 402, text);
  assert.equal(provider.bodies.length, 40);
  for (const [type, id] of [
    ['key', 'agent'],
    ['team', 'research'],
    ['organization', 'acme'],
  ] as const)
    assert.deepEqual(ledgerOf(dataDir, type, id), { microUsd: 40 * 300, calls: 40 }, type);
  const report = JSON.parse(await runCli('audit', 'verify-spend', '--data', dataDir, '--json')) as object;
  assert.deepEqual({ ...report, figures: 0 }, { figures: 0, since: null, differences: [] });

  const events = hook.bodies.map((body) => JSON.parse(body) as { type: string; data: { share?: number } });
  assert.deepEqual(
    events.map(({ type, data }) => [type, data.share]),
    [
      ['budget.threshold', 0.5],
      ['budget.exceeded', undefined],
    ],
  );
});
