/** Limits of keys meet models: what the makers' SDKs are told, and that the ledger is right whatever becomes of an answer. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { ApiError as GeminiError, GoogleGenAI } from '@google/genai';
import OpenAI from 'openai';
import type { TrailRow } from '../../src/contracts/trail.ts';
import { readTrail, runCli, type StartedGateway, startGateway } from '../support/gateway.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

// 3 and 15 micro-dollars a token.
const CONFIG = {
  providers: { fake: { models: ['echo'] } },
  models: { prices: { 'fake/*': { inputUsdPerMillion: 3, outputUsdPerMillion: 15 } } },
};

function keyOf(name: string, limits: object): { name: string; value: string; allow: string[]; limits: object } {
  return { name, value: `pck_e2e_${name}_0123456789abcdef`, allow: ['model:*'], limits };
}

interface Told {
  readonly status: number | undefined;
  readonly headers: Headers;
}

/** The status that each SDK tells of, and the headers as they came. */
function createClients({ url }: StartedGateway, apiKey: string): { [dialect: string]: () => Promise<Told> } {
  let headers = new Headers();
  const { fetch: send } = globalThis;
  const tap: typeof fetch = async (...request) => {
    const answer = await send(...request);
    headers = answer.headers;
    return answer;
  };
  const statusOf = (error: unknown): number | undefined => {
    if (error instanceof OpenAI.APIError || error instanceof Anthropic.APIError) return error.status;
    assert.ok(error instanceof GeminiError, String(error));
    return error.status;
  };
  const ask = (request: () => Promise<unknown>) => (): Promise<Told> =>
    request().then(
      () => ({ status: 200, headers }),
      (error: unknown) => ({ status: statusOf(error), headers }),
    );
  const openai = new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0, fetch: tap });
  const anthropic = new Anthropic({ apiKey, baseURL: url, maxRetries: 0, fetch: tap });
  const gemini = new GoogleGenAI({ apiKey, httpOptions: { baseUrl: url } });
  const [model, content] = ['fake/echo', 'hello'];
  const messages = [{ role: 'user' as const, content }];
  return {
    'openai-chat': ask(() => openai.chat.completions.create({ model, messages })),
    'openai-chat, streamed': ask(() => openai.chat.completions.create({ model, messages, stream: true })),
    'openai-responses': ask(() => openai.responses.create({ model, input: content })),
    anthropic: ask(() => anthropic.messages.create({ model, messages, max_tokens: 100 })),
    // This SDK takes no fetch of one's own.
    gemini: ask(async () => {
      const { fetch: original } = globalThis;
      globalThis.fetch = tap;
      try {
        return await gemini.models.generateContent({ model, contents: content });
      } finally {
        globalThis.fetch = original;
      }
    }),
  };
}

async function chat({ url }: StartedGateway, key: string, content: string, more: object = {}, signal?: AbortSignal) {
  return fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'fake/echo', messages: [{ role: 'user', content }], max_tokens: 100, ...more }),
    ...(signal && { signal }),
  });
}

async function rowsOnceOver(dataDir: string, count: number): Promise<readonly TrailRow[]> {
  let rows: readonly TrailRow[] = [];
  await waitFor(`${count} calls that are over`, async () => {
    rows = (await readTrail(dataDir)).filter(({ kind, result }) => kind === 'chat' && result !== undefined);
    return rows.length === count;
  });
  return rows;
}

const sumOf = (rows: readonly TrailRow[]): number => rows.reduce((sum, row) => sum + (row.priceMicroUsd ?? 0), 0);

function ledgerOf(dataDir: string): number {
  const db = new DatabaseSync(join(dataDir, 'portcullis.db'), { readOnly: true });
  try {
    return Number(db.prepare('SELECT coalesce(sum(micro_usd), 0) AS sum FROM spend_by_level').get()?.sum);
  } finally {
    db.close();
  }
}

test('a used up rate is 429 in every dialect, with the time to come back and the limit that was met', async (t) => {
  const key = keyOf('rate', { requests: [{ max: 1, per: 'hour' }] });
  const gateway = await startGateway(t, { config: { ...CONFIG, keys: [key] } });
  const first = await chat(gateway, key.value, 'hello');
  assert.equal(first.status, 200, await first.text());
  assert.equal(first.headers.get('ratelimit-remaining'), '0');
  for (const [dialect, ask] of Object.entries(createClients(gateway, key.value))) {
    const { status, headers } = await ask();
    assert.equal(status, 429, dialect);
    const told = ['retry-after', 'ratelimit-limit', 'ratelimit-remaining', 'ratelimit-reset'].map((name) =>
      headers.get(name),
    );
    assert.deepEqual(told.slice(1, 3), ['1', '0'], dialect);
    // A slot of the sliding hour leaves as a whole.
    for (const seconds of [told[0], told[3]])
      assert.ok(Number(seconds) > 3_000 && Number(seconds) <= 3_600 + 180, `${dialect}: ${seconds} s`);
  }
});

test('a used up budget is 402 in every dialect, and names the hour when there is a new one', async (t) => {
  const key = keyOf('poor', { budgets: [{ maxUsd: 0.0001, per: 'hour' }] });
  const gateway = await startGateway(t, { config: { ...CONFIG, keys: [key] } });
  const clients = Object.entries(createClients(gateway, key.value));
  for (const [dialect, ask] of clients) {
    const { status, headers } = await ask();
    assert.equal(status, 402, dialect);
    const seconds = Number(headers.get('retry-after'));
    assert.ok(seconds > 0 && seconds <= 3_600, `${dialect}: ${seconds} s`);
  }
  const rows = await rowsOnceOver(gateway.dataDir, clients.length);
  assert.deepEqual([...new Set(rows.map(({ error }) => error))], ['budget_exceeded']);
  assert.equal(ledgerOf(gateway.dataDir), 0);
});

test('64 chats at once spend no more than the budget, and more only by what was in flight', async (t) => {
  const budget = { maxUsd: 0.02, per: 'total' };
  const [honest, dear] = [keyOf('honest', { budgets: [budget] }), keyOf('dear', { budgets: [budget] })];
  const gateway = await startGateway(t, { config: { ...CONFIG, keys: [honest, dear] } });
  const many = async (key: string, usage: string): Promise<number> => {
    const statuses = await Promise.all(
      Array.from({ length: 64 }, async (_, i) => {
        const answer = await chat(gateway, key, `!usage ${usage}\n!delay 50`, i % 2 === 0 ? {} : { stream: true });
        await answer.text();
        return answer.status;
      }),
    );
    assert.deepEqual([...new Set(statuses)].sort(), [200, 402]);
    return statuses.filter((status) => status === 200).length;
  };
  // 100 tokens of answer are set aside: 1,500 and a little for the prompt. These cost 780, those 15,300.
  const fitted = await many(honest.value, '10 50');
  assert.ok(fitted * 780 <= 20_000, `${fitted} answers`);
  const paid = await many(dear.value, '100 1000');
  assert.ok(paid <= 20_000 / 1_500, `${paid} answers`);

  const rows = await rowsOnceOver(gateway.dataDir, 128);
  assert.equal(sumOf(rows), fitted * 780 + paid * 15_300);
  assert.equal(ledgerOf(gateway.dataDir), sumOf(rows));
});

test('an image is not counted by its length: a budget that has room for the answer lets it through', async (t) => {
  const key = keyOf('eye', { budgets: [{ maxUsd: 0.05, per: 'total' }], tokens: [{ max: 20_000, per: 'hour' }] });
  const gateway = await startGateway(t, { config: { ...CONFIG, keys: [key] } });
  const url = `data:image/png;base64,${'A'.repeat(400_000)}`;
  const image = [
    { type: 'text', text: 'what is this?\n!usage 1000 10' },
    { type: 'image_url', image_url: { url } },
  ];
  for (let i = 0; i < 2; i++) {
    const answer = await chat(gateway, key.value, '', { messages: [{ role: 'user', content: image }] });
    assert.equal(answer.status, 200, await answer.text());
  }
});

test('a stream that is left half-way is booked with what came, estimated', async (t) => {
  const key = keyOf('leaver', { budgets: [{ maxUsd: 1, per: 'total' }], maxConcurrent: 1 });
  const gateway = await startGateway(t, { config: { ...CONFIG, keys: [key] } });
  const client = new OpenAI({ apiKey: key.value, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
  const stream = await client.chat.completions.create({
    model: 'fake/echo',
    messages: [{ role: 'user', content: `!say ${'word '.repeat(400)}\n!chunks 200\n!pace 50` }],
    stream: true,
  });
  for await (const { choices } of stream) if (choices[0]?.delta.content) break;
  const [row] = await rowsOnceOver(gateway.dataDir, 1);
  assert.equal(row?.result, 'cancelled');
  assert.equal(row?.model?.usage?.estimated, true);
  assert.ok((row?.priceMicroUsd ?? 0) > 0 && (row?.model?.usage?.outputTokens ?? 0) < 500);
  assert.equal(ledgerOf(gateway.dataDir), row?.priceMicroUsd);
  // What it held is free again: its place, and what was set aside for it.
  const next = await chat(gateway, key.value, 'hello');
  assert.equal(next.status, 200, await next.text());
});

test('a chat under way at kill -9 is booked with what was set aside for it', { timeout: 120_000 }, async (t) => {
  const dataDir = await createTempDir(t);
  const key = (
    await runCli('keys', 'create', '--data', dataDir, '--name', 'k', '--allow', 'model:*', '--budget', '0.01usd/total')
  ).trim();
  const first = await startGateway(t, { config: CONFIG, dataDir });
  const answer = await chat(first, key, `!say ${'word '.repeat(100)}\n!chunks 100\n!pace 10000`, {
    stream: true,
    max_tokens: 500,
  });
  assert.equal(answer.status, 200);
  const reader = answer.body?.getReader();
  await reader?.read();
  await first.kill9();
  await reader?.read().catch(() => undefined);

  const second = await startGateway(t, { config: CONFIG, dataDir });
  const [row] = await rowsOnceOver(dataDir, 1);
  assert.equal(row?.result, 'unknown');
  const booked = row?.priceMicroUsd ?? 0;
  assert.ok(booked >= 7_500 && booked < 10_000, `${booked}`);
  assert.equal(ledgerOf(dataDir), booked);
  const refused = await chat(second, key, 'hello', { max_tokens: 500 });
  assert.equal(refused.status, 402, await refused.text());
  // What still fits is answered.
  const small = await chat(second, key, 'hello', { max_tokens: 10 });
  assert.equal(small.status, 200, await small.text());
});

test('a rule sends a key elsewhere once half of its budget is used', async (t) => {
  const gateway = await startGateway(t, {
    config: {
      providers: { fake: { models: ['echo', 'tools'] } },
      models: {
        prices: { 'fake/*': { inputUsdPerMillion: 0, outputUsdPerMillion: 0, perCallMicroUsd: 300_000 } },
        routes: [{ name: 'thrift', when: 'key.budgetUsedPercent >= 50', targets: ['fake/tools'] }],
      },
      keys: [keyOf('thrifty', { budgets: [{ maxUsd: 1, per: 'day' }] }), keyOf('free', {})],
    },
  });
  const modelFor = async (name: string): Promise<string | null> => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${keyOf(name, {}).value}` };
    const body = JSON.stringify({ model: 'fake/echo', messages: [{ role: 'user', content: 'hi' }] });
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body });
    assert.equal(answer.status, 200, await answer.text());
    return answer.headers.get('x-portcullis-model');
  };
  assert.deepEqual([await modelFor('thrifty'), await modelFor('thrifty')], ['echo', 'echo']);
  assert.equal(await modelFor('thrifty'), 'tools');
  assert.equal(await modelFor('free'), 'echo');
});
