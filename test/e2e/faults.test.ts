/**
 * Servers and the gateway killed with kill -9 in the middle of calls. The servers' own log of what they executed is the witness
 * against the trail.
 */

import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TrailRow } from '../../src/contracts/trail.ts';
import { readTrail, startGateway } from '../support/gateway.ts';
import { isOk, startLoad } from '../support/load.ts';
import { callTool } from '../support/raw-client.ts';
import { createCleanup, createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { readWitness, startWitness, witnessEntry } from '../support/witness.ts';

const OUTCOME_UNKNOWN = -31514;
const KEY = 'pck_e2e_faults_0123456789abcdef';

const keys = (...allow: string[]): object[] => [{ name: 'e2e', value: KEY, allow }];

/** The nonce in the arguments of a row, whether they are kept as text or as a value. */
function nonceOf(row: TrailRow): string | undefined {
  const args: unknown = row.arguments;
  const value = (typeof args === 'string' ? JSON.parse(args) : args) as { nonce?: string } | undefined;
  return value?.nonce;
}

const toolCalls = (rows: readonly TrailRow[]): TrailRow[] => rows.filter(({ kind }) => kind === 'tools.call');

test('a server killed in the middle of a call: its caller is told that the outcome is unknown, the trail says so, and the server comes back', {
  timeout: 60_000,
}, async (t) => {
  const log = join(await createTempDir(t), 'witness.jsonl');
  const gateway = await startGateway(t, { config: { mcpServers: { w: witnessEntry(log) }, keys: keys('*') } });
  await gateway.healthy('w');
  const nonce = randomUUID();
  const pending = callTool(gateway, KEY, 'w__work', { nonce, sleepMs: 60_000 });
  await waitFor('the call to begin', () => readWitness(log).some((entry) => entry.nonce === nonce));
  const pid = readWitness(log).findLast(({ event }) => event === 'start')?.pid ?? 0;
  process.kill(pid, 'SIGKILL');

  const answer = await pending;
  assert.equal(answer.error?.code, OUTCOME_UNKNOWN, JSON.stringify(answer));
  assert.match(answer.error?.message ?? '', /unknown/);
  const again = await waitFor(
    'the server to serve again',
    async () => {
      const next = await callTool(gateway, KEY, 'w__work', { nonce: randomUUID() });
      return isOk(next) && next;
    },
    20_000,
  );
  assert.ok(again);
  const pids = new Set(readWitness(log).flatMap(({ pid: id }) => (id === undefined ? [] : [id])));
  assert.ok(pids.size >= 2, 'it runs as a new process');
  const row = await waitFor('the finish in the trail', async () =>
    toolCalls(await readTrail(gateway.dataDir)).find((one) => nonceOf(one) === nonce && one.result !== undefined),
  );
  assert.ok(row.result === 'unknown' || row.result === 'failed', `not ${row.result}`);
  assert.equal(readWitness(log).filter((entry) => entry.nonce === nonce).length, 1, 'the call was not repeated');
});

test('a read-only call whose server is killed is repeated on the restarted server, and its caller notices nothing', {
  timeout: 60_000,
}, async (t) => {
  const log = join(await createTempDir(t), 'witness.jsonl');
  const gateway = await startGateway(t, { config: { mcpServers: { w: witnessEntry(log) }, keys: keys('*') } });
  await gateway.healthy('w');
  const nonce = randomUUID();
  const pending = callTool(gateway, KEY, 'w__peek', { nonce, sleepMs: 60_000 }, { timeoutMs: 40_000 });
  await waitFor('the call to begin', () => readWitness(log).some((entry) => entry.nonce === nonce));
  process.kill(readWitness(log).findLast(({ event }) => event === 'start')?.pid ?? 0, 'SIGKILL');
  const answer = await pending;
  assert.ok(isOk(answer), JSON.stringify(answer));
  assert.equal(readWitness(log).filter(({ nonce: one, event }) => one === nonce && event === 'begun').length, 2);
});

test('the gateway killed at random moments under load: no executed call is missing in the trail, and what is unknown says so', {
  timeout: 400_000,
}, async (t) => {
  const rounds = Number(process.env.PORTCULLIS_FAULT_ROUNDS ?? 10);
  const folder = await createTempDir(t);
  const dataDir = join(folder, 'data');
  const stdioLog = join(folder, 'stdio.jsonl');
  const httpLog = join(folder, 'http.jsonl');
  const { entry: http } = await startWitness(t, httpLog);
  const config = { mcpServers: { local: witnessEntry(stdioLog), remote: http }, keys: keys('*') };
  const confirmed = new Set<string>();

  for (let round = 0; round < rounds; round++) {
    const cleanup = createCleanup();
    try {
      const gateway = await startGateway(cleanup, { config, dataDir });
      // Now and then it is hit while its servers are still starting.
      if (round % 5 !== 4) await gateway.healthy('local', 'remote');
      const load = startLoad(cleanup, gateway, KEY, ['local__work', 'remote__work'], 6);
      await new Promise((resolve) => setTimeout(resolve, randomInt(1, 400)));
      await gateway.kill9();
      await load.stop();
      for (const [nonce, answer] of load.answers) if (isOk(answer)) confirmed.add(nonce);
    } finally {
      await cleanup.run();
    }
  }

  // A last start, so that the trail is in the state an operator would find it in.
  const gateway = await startGateway(t, { config, dataDir });
  await gateway.healthy('local', 'remote');
  await gateway.stop();
  const rows = new Map<string, TrailRow>();
  for (const row of toolCalls(await readTrail(dataDir))) {
    // Refused because the server was not there yet: nobody knows its redaction rules, so no arguments are kept.
    if (row.result === 'refused' && row.serverId === undefined) continue;
    const nonce = nonceOf(row);
    assert.ok(nonce !== undefined && !rows.has(nonce), `one row per call: ${JSON.stringify(row)}`);
    rows.set(nonce, row);
  }
  const begun = [...readWitness(stdioLog), ...readWitness(httpLog)].filter(({ event }) => event === 'begun');
  t.diagnostic(`${rounds} kills, ${begun.length} executed calls, ${confirmed.size} confirmed, ${rows.size} rows`);
  assert.ok(begun.length > rounds, 'the load did something');
  assert.ok(
    begun.some(({ nonce }) => !confirmed.has(nonce ?? '')),
    'at least one blow fell in the middle of a call',
  );

  const missing = begun.filter(({ nonce }) => !rows.has(nonce ?? ''));
  assert.deepEqual(missing, [], 'every call a server began is in the trail');
  const executions = new Map<string, number>();
  for (const { nonce = '' } of begun) executions.set(nonce, (executions.get(nonce) ?? 0) + 1);
  for (const [nonce, times] of executions) assert.equal(times, 1, `${nonce} was executed ${times} times`);
  for (const [nonce, row] of rows) {
    assert.notEqual(row.result, undefined, 'nothing is left running for ever');
    if (row.result === 'ok') assert.ok(executions.has(nonce), 'the trail claims no success the servers do not know of');
    else assert.notEqual(row.result, 'tool-error');
    if (confirmed.has(nonce))
      assert.ok(row.result === 'ok' || row.result === 'unknown', `confirmed, but ${row.result}`);
    if (row.result === 'refused') assert.ok(!executions.has(nonce), 'a refused call was not executed');
  }
  for (const nonce of confirmed) assert.ok(rows.has(nonce), 'every confirmed call is in the trail');
});
