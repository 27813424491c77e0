/** What calls of models cost, as a client, the trail, the command line and the metrics are told: with examples/models. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseConfig } from '../../src/platform/config/parse-config.ts';
import { ROOT, readTrail, runCli, type StartedGateway, startGateway } from '../support/gateway.ts';
import { createCleanup } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const KEY = 'pck_example_only_no_secret';
const METRICS_TOKEN = 'zR4t-Yq81_mNbVc3';
const cleanup = createCleanup();
let gateway: StartedGateway;

before(async () => {
  const file = join(ROOT, 'examples/models/portcullis.json');
  const text = await readFile(file, 'utf8');
  assert.ok(parseConfig(text, { file, env: {} }).ok);
  const config = JSON.parse(text.replace(/^\s*\/\/.*$/gm, '')) as object;
  gateway = await startGateway(cleanup, { config: { ...config, metrics: { token: METRICS_TOKEN } } });
});
after(() => cleanup.run());

function chat(content: string, body: object = {}, signal?: AbortSignal): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'fake/echo', messages: [{ role: 'user', content }], ...body }),
    ...(signal && { signal }),
  });
}

async function rowOf(answer: Response) {
  const id = answer.headers.get('x-portcullis-call-id');
  let row: Awaited<ReturnType<typeof readTrail>>[number] | undefined;
  await waitFor('the record of the call', async () => {
    row = (await readTrail(gateway.dataDir)).find((each) => each.id === id && each.result !== undefined);
    return row !== undefined;
  });
  assert.ok(row);
  return row;
}

test('tokens and cost of an answer are in its headers and in the trail, what was said in neither', async () => {
  const answer = await chat('!say a secret answer\n!usage 1000 200 400');
  assert.equal(answer.status, 200, await answer.clone().text());
  await answer.text();
  // 600 × 3 + 400 × 0.3 + 200 × 15
  const told = (name: string) => answer.headers.get(`x-portcullis-${name}`);
  assert.deepEqual(['input-tokens', 'output-tokens', 'cached-tokens', 'cost-micro-usd', 'usage-estimated'].map(told), [
    '1000',
    '200',
    '400',
    '4920',
    null,
  ]);
  const row = await rowOf(answer);
  assert.deepEqual([row.kind, row.serverId, row.target, row.priceMicroUsd], ['chat', 'fake', 'echo', 4_920]);
  assert.deepEqual(row.model?.usage, { inputTokens: 1_000, outputTokens: 200, cachedTokens: 400 });
  assert.deepEqual(
    row.model?.attempts.map(({ provider, model }) => [provider, model]),
    [['fake', 'echo']],
  );
  assert.doesNotMatch(JSON.stringify(row), /secret answer/);
});

test('a stream is paid by what its provider tells at the end; one that its client leaves, by what came', async () => {
  const whole = await chat('!say streamed\n!usage 10 20', { stream: true });
  assert.equal(whole.headers.get('x-portcullis-cost-micro-usd'), null, 'not known yet');
  await whole.text();
  assert.equal((await rowOf(whole)).priceMicroUsd, 330);

  const leaving = new AbortController();
  const left = await chat(`!say ${'word '.repeat(200)}\n!chunks 100\n!pace 50`, { stream: true }, leaving.signal);
  const reader = left.body?.getReader();
  await reader?.read();
  leaving.abort();
  const row = await rowOf(left);
  assert.equal(row.result, 'cancelled');
  assert.equal(row.model?.usage?.estimated, true);
  const { outputTokens = 0 } = row.model?.usage ?? {};
  assert.ok(outputTokens < 250, `${outputTokens} of 250 tokens came`);
  assert.ok((row.priceMicroUsd ?? 0) > 0);
});

test('an answer that failed costs nothing', async () => {
  const failed = await chat('!fail 400');
  assert.equal(failed.ok, false);
  const row = await rowOf(failed);
  assert.equal(row.priceMicroUsd, undefined);
  assert.equal(row.model?.attempts[0]?.failure, 'invalid-request');
});

test('the command line adds it up, and the metrics do', async () => {
  const costs = JSON.parse(await runCli('audit', 'costs', '--by', 'model', '--data', gateway.dataDir, '--json')) as {
    name: string;
    microUsd: number;
    inputTokens: number;
  }[];
  const sum = costs.find(({ name }) => name === 'fake/echo');
  const rows = (await readTrail(gateway.dataDir)).filter(({ kind }) => kind === 'chat');
  assert.equal(
    sum?.microUsd,
    rows.reduce((total, row) => total + (row.priceMicroUsd ?? 0), 0),
  );
  assert.equal(
    sum?.inputTokens,
    rows.reduce((total, row) => total + (row.model?.usage?.inputTokens ?? 0), 0),
  );

  const headers = { authorization: `Bearer ${METRICS_TOKEN}` };
  const metrics = await (await fetch(`${gateway.url}/metrics`, { headers })).text();
  const cost = /^portcullis_model_cost_usd_total\{[^}]*gen_ai_request_model="echo"[^}]*\} (\S+)$/m.exec(metrics)?.[1];
  assert.equal(Math.round(Number(cost) * 1e6), sum?.microUsd);
  assert.match(metrics, /portcullis_model_attempts_total\{[^}]*failure="invalid-request"\} 1/);

  const listing = await runCli('audit', '--kind', 'chat', '--data', gateway.dataDir);
  assert.match(listing, /1000>200\t.*\$0\.004920/);
});
