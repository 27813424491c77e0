/** Metrics of the running gateway: who may read them, and that trail, `Server-Timing` and metrics agree about a call. */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readTrail, type StartedGateway, startGateway } from '../support/gateway.ts';
import { callTool, listToolNames } from '../support/raw-client.ts';
import { readExposition, type Sample } from '../support/read-exposition.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { witnessEntry } from '../support/witness.ts';

const KEY = 'pck_e2e_metrics_0123456789abcdef';
const TOKEN = 'scrape_e2e_0123456789abcdef';

async function start(t: Parameters<typeof startGateway>[0], metrics: object): Promise<StartedGateway> {
  const folder = await createTempDir(t);
  const gateway = await startGateway(t, {
    config: {
      mcpServers: { w: witnessEntry(join(folder, 'witness.jsonl')) },
      keys: [{ name: 'e2e', value: KEY, allow: ['*'] }],
      ...metrics,
    },
  });
  await gateway.healthy('w');
  return gateway;
}

async function scrape(gateway: StartedGateway, format: 'prometheus' | 'openmetrics' = 'prometheus'): Promise<Sample[]> {
  const accept = format === 'openmetrics' ? 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5' : '*/*';
  const response = await fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}`, accept } });
  assert.equal(response.status, 200);
  const type = format === 'openmetrics' ? 'application/openmetrics-text; version=1.0.0' : 'text/plain; version=0.0.4';
  assert.equal(response.headers.get('content-type'), `${type}; charset=utf-8`);
  return readExposition(await response.text(), format);
}

function sum(samples: readonly Sample[], name: string, labels: { readonly [name: string]: string } = {}): number {
  return samples
    .filter((sample) => sample.name === name && Object.entries(labels).every(([key, at]) => sample.labels[key] === at))
    .reduce((total, { value }) => total + value, 0);
}

test('without the token there is nothing to be seen, and it looks like any address that does not exist', {
  timeout: 60_000,
}, async (t) => {
  const gateway = await start(t, { metrics: { token: TOKEN } });
  const look = async (path: string, headers: { [name: string]: string }): Promise<string> => {
    const response = await fetch(`${gateway.url}/${path}`, { headers });
    return `${response.status} ${await response.text()}`;
  };
  const nowhere = await look('nowhere', {});
  assert.match(nowhere, /^404 /);
  for (const authorization of ['', `Bearer ${KEY}`, 'Bearer wrong', TOKEN, `Bearer ${TOKEN}x`, `Basic ${TOKEN}`])
    assert.equal(await look('metrics', authorization === '' ? {} : { authorization }), nowhere, authorization);
  assert.equal(await look('metrics/more', { authorization: `Bearer ${TOKEN}` }), nowhere);
  assert.match(await look('metrics', { authorization: `Bearer ${TOKEN}` }), /^200 /);
});

test('without a metrics section the address does not exist; with it in a changed file it does', {
  timeout: 60_000,
}, async (t) => {
  const gateway = await start(t, {});
  const headers = { authorization: `Bearer ${TOKEN}` };
  const status = async (): Promise<number> => (await fetch(`${gateway.url}/metrics`, { headers })).status;
  assert.equal(await status(), 404);
  const config = JSON.parse(await readFile(gateway.configFile, 'utf8')) as object;
  await gateway.writeConfig({ ...config, metrics: { token: TOKEN } });
  await waitFor('the metrics to be there', async () => (await status()) === 200, 30_000);
  await callTool(gateway, KEY, 'w__peek', { nonce: '1' });
  assert.equal(sum(await scrape(gateway), 'portcullis_calls_total'), 1);
  await gateway.writeConfig(config);
  await waitFor('the metrics to be gone', async () => (await status()) === 404, 30_000);
});

test('trail, Server-Timing and metrics say the same about each call, and the phases sum to the whole', {
  timeout: 60_000,
}, async (t) => {
  const gateway = await start(t, { metrics: { token: TOKEN } });
  const timings: { gw: number; upstream: number }[] = [];
  const note = (header: string | null | undefined): void => {
    const found = /^gw;dur=([\d.]+), upstream;dur=([\d.]+)$/.exec(header ?? '');
    assert.ok(found, `Server-Timing: ${header}`);
    timings.push({ gw: Number(found[1]), upstream: Number(found[2]) });
  };
  for (let i = 0; i < 5; i++) note((await callTool(gateway, KEY, 'w__peek', { nonce: String(i) })).serverTiming);
  note((await callTool(gateway, KEY, 'w__work', { nonce: 'n' })).serverTiming);
  note((await callTool(gateway, KEY, 'w__nothing', {})).serverTiming);
  await listToolNames(gateway, KEY);

  const post = (body: object, session: { readonly [name: string]: string } = {}): Promise<Response> =>
    fetch(gateway.mcpUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${KEY}`,
        ...session,
      },
      body: JSON.stringify({ jsonrpc: '2.0', ...body }),
    });
  const clientInfo = { name: 't', version: '1' };
  const opened = await post({
    id: 0,
    method: 'initialize',
    params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo },
  });
  await opened.text();
  const session = { 'mcp-session-id': opened.headers.get('mcp-session-id') ?? '' };
  await post({ method: 'notifications/initialized' }, session);
  const params = { name: 'w__peek', arguments: { nonce: 'legacy' } };
  const answered = await post({ id: 1, method: 'tools/call', params }, session);
  await answered.text();
  note(answered.headers.get('server-timing'));

  const samples = await scrape(gateway);
  // Folding takes a moment; `audit export` reads what is in the store.
  await gateway.stop();
  const rows = (await readTrail(gateway.dataDir)).filter(({ kind }) => kind === 'tools.call');
  assert.equal(rows.length, timings.length);
  for (const [i, row] of rows.entries()) {
    const { gw = Number.NaN, upstream = Number.NaN } = timings[i] ?? {};
    const { totalMs = Number.NaN, upstreamMs = Number.NaN } = row;
    assert.ok(Math.abs(gw + upstream - totalMs) < 0.002, `${gw} + ${upstream} is not ${totalMs}`);
    assert.ok(Math.abs(upstream - upstreamMs) < 0.002, `${upstream} is not ${upstreamMs}`);
  }

  const close = (a: number, b: number, within = 1e-6): void => assert.ok(Math.abs(a - b) < within, `${a} is not ${b}`);
  // The trail has whole microseconds, so each row may be half of one off.
  const rounded = 1e-6 + rows.length * 0.5e-6;
  const calls = { mcp_method_name: 'tools/call' };
  const totalSeconds = rows.reduce((total, { totalMs = 0 }) => total + totalMs, 0) / 1_000;
  const operation = sum(samples, 'mcp_server_operation_duration_seconds_sum', calls);
  close(operation, totalSeconds, rounded);
  const upstream = sum(samples, 'mcp_client_operation_duration_seconds_sum', calls);
  const upstreamSeconds = rows.reduce((total, { upstreamMs = 0 }) => total + upstreamMs, 0) / 1_000;
  close(upstream, upstreamSeconds, rounded);
  close(operation, upstream + sum(samples, 'portcullis_gateway_duration_seconds_sum', calls));
  assert.equal(sum(samples, 'mcp_server_operation_duration_seconds_count', calls), rows.length);
  assert.equal(sum(samples, 'mcp_client_operation_duration_seconds_count', calls), rows.length - 1, 'one was refused');
  assert.equal(sum(samples, 'portcullis_answer_duration_seconds_count', calls), rows.length, 'all were answered');

  const counted = (labels: { [name: string]: string }): number => sum(samples, 'portcullis_calls_total', labels);
  assert.equal(counted({ gen_ai_tool_name: 'peek', server: 'w', outcome: 'ok', era: 'modern' }), 5);
  assert.equal(counted({ gen_ai_tool_name: 'peek', server: 'w', outcome: 'ok', era: 'legacy' }), 1);
  assert.equal(counted({ gen_ai_tool_name: '', server: '', outcome: 'refused' }), 1);
  assert.equal(counted({ mcp_method_name: 'tools/list' }), 1);
  assert.equal(counted({ mcp_method_name: 'initialize' }), 1);
  assert.equal(sum(samples, 'portcullis_calls_in_flight'), 0);
  assert.equal(sum(samples, 'portcullis_sessions'), 1);
  assert.equal(sum(samples, 'portcullis_server_state', { server: 'w', state: 'healthy' }), 1);
  assert.equal(sum(samples, 'portcullis_trail_writable'), 1);
  assert.ok(sum(samples, 'process_resident_memory_bytes') > 1e6);
});

test('both formats can be read by a strict reader, and hold the same families', { timeout: 60_000 }, async (t) => {
  const gateway = await start(t, { metrics: { token: TOKEN } });
  await callTool(gateway, KEY, 'w__peek', { nonce: '1' });
  // The second reading has the delay of the event loop, too.
  await scrape(gateway);
  const names = (samples: readonly Sample[]): string[] => [...new Set(samples.map(({ name }) => name))].sort();
  const plain = names(await scrape(gateway));
  assert.deepEqual(names(await scrape(gateway, 'openmetrics')), plain);
  assert.ok(plain.includes('nodejs_eventloop_delay_seconds'));
});

test('requests with a key that is not good are counted once each, and are no calls', { timeout: 60_000 }, async (t) => {
  const gateway = await start(t, { metrics: { token: TOKEN }, providers: { f: { type: 'fake' } } });
  for (const key of ['pck_e2e_metrics_wrong', 'pck_e2e_metrics_wrong'])
    assert.equal((await callTool(gateway, key, 'w__peek', { nonce: '1' })).status, 401);
  const body = JSON.stringify({ model: 'a/b', messages: [] });
  const headers = { authorization: 'Bearer pck_e2e_metrics_wrong', 'content-type': 'application/json' };
  assert.equal((await fetch(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers, body })).status, 401);
  const samples = await scrape(gateway);
  assert.equal(sum(samples, 'portcullis_turned_away_total', { code: 'unauthenticated' }), 3);
  assert.equal(sum(samples, 'portcullis_calls_total'), 0);
});
