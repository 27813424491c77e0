/** Two gateways on one PostgreSQL: what one is told, the other knows; what both did is in one trail, whatever dies. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TrailRow } from '../../src/contracts/trail.ts';
import { runCli, type StartedGateway, startGateway } from '../support/gateway.ts';
import { query, usePostgres } from '../support/postgres.ts';
import { callTool } from '../support/raw-client.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { readWitness, witnessEntry } from '../support/witness.ts';

const { skip, server } = usePostgres();

const LIMIT = { skip, timeout: 120_000 };

interface Replicas {
  readonly url: string;
  readonly config: object;
  readonly folder: string;
  readonly log: string;
  readonly a: StartedGateway;
  readonly b: StartedGateway;
  cli(...args: string[]): Promise<string>;
  trail(): Promise<TrailRow[]>;
}

async function startReplicas(t: TestContext, extra: object = {}): Promise<Replicas> {
  const folder = await createTempDir(t);
  const log = join(folder, 'witness.jsonl');
  const url = await server.newDatabase();
  const config = { mcpServers: { w: witnessEntry(log) }, database: { url }, ...extra };
  // At once: on an empty database both want to make the tables.
  const [a, b] = await Promise.all(['a', 'b'].map((name) => startGateway(t, { config, dataDir: join(folder, name) })));
  assert.ok(a && b);
  await Promise.all([a.healthy('w'), b.healthy('w')]);
  const cli = (...args: string[]): Promise<string> =>
    runCli(...args, '--config', a.configFile, '--data', join(folder, 'none'));
  return {
    ...{ url, config, folder, log, a, b, cli },
    trail: async () =>
      (await cli('audit', 'export'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as TrailRow),
  };
}

const statusOf = async (gateway: StartedGateway, key: string): Promise<number> =>
  (await callTool(gateway, key, 'w__work', { nonce: randomUUID() })).status;

async function becomes(status: number, gateway: StartedGateway, key: string): Promise<number> {
  const beganMs = performance.now();
  await waitFor(`status ${status}`, async () => (await statusOf(gateway, key)) === status, 5_000);
  return performance.now() - beganMs;
}

test('a key made anywhere is good at every gateway within a second, and revoked likewise', LIMIT, async (t) => {
  const { a, b, cli, url, folder } = await startReplicas(t);
  assert.ok(a.key !== '' || b.key !== '', 'the first key is made by whoever comes first');
  const made = JSON.parse(await cli('keys', 'create', '--name', 'shared', '--allow', '*', '--json')) as {
    id: string;
    secret: string;
  };
  const waits = await Promise.all([becomes(200, a, made.secret), becomes(200, b, made.secret)]);
  await cli('keys', 'revoke', made.id);
  waits.push(...(await Promise.all([becomes(401, a, made.secret), becomes(401, b, made.secret)])));
  assert.ok(Math.max(...waits) < 1_000, `${waits.map(Math.round).join(', ')} ms`);
  assert.ok(!existsSync(join(folder, 'none')), 'a command needs no folder of its own');
  const stored = JSON.stringify(await query(url, 'SELECT body FROM portcullis.objects'));
  assert.ok(!stored.includes(made.secret.slice(8)), 'only the hash is kept');
});

test('what both gateways did is in one trail, and a dead one loses and doubles nothing', LIMIT, async (t) => {
  const { a, b, cli, trail, config, folder, log } = await startReplicas(t);
  const { secret: key } = JSON.parse(await cli('keys', 'create', '--name', 'k', '--allow', '*', '--json')) as {
    secret: string;
  };
  await Promise.all([becomes(200, a, key), becomes(200, b, key)]);
  let isOver = false;
  const work = async (gateway: StartedGateway): Promise<void> => {
    while (!isOver)
      await callTool(gateway, key, 'w__work', { nonce: randomUUID() }, { timeoutMs: 5_000 }).catch(() => sleep(20));
  };
  const working = [work(a), work(a), work(b), work(b)];
  await sleep(700);
  await b.kill9();
  await sleep(300);
  isOver = true;
  await Promise.all(working);

  const again = await startGateway(t, { config, dataDir: join(folder, 'b') });
  await again.healthy('w');
  const rows = await waitFor('a trail without running calls', async () => {
    const all = (await trail()).filter(({ kind }) => kind === 'tools.call');
    return all.every(({ result }) => result !== undefined) ? all : undefined;
  });
  const nonces = rows.map(({ arguments: sent }) => (sent as unknown as { nonce: string }).nonce);
  const executed = readWitness(log).flatMap(({ event, nonce }) =>
    event === 'executed' && nonce !== undefined ? [nonce] : [],
  );
  assert.ok(executed.length > 50, `only ${executed.length} calls`);
  assert.equal(new Set(nonces).size, nonces.length, 'nothing is doubled');
  const known = new Set(nonces);
  assert.deepEqual(
    executed.filter((nonce) => !known.has(nonce)),
    [],
    'nothing is lost',
  );
  assert.ok(rows.every(({ result }) => result === 'ok' || result === 'unknown'));
});

test('a decision about a definition is in force at every gateway', LIMIT, async (t) => {
  const { a, b, cli } = await startReplicas(t, {
    serverOptions: { w: { definitions: { onFirstSight: 'hold' } } },
  });
  const key = a.key || b.key;
  for (const gateway of [a, b])
    assert.notEqual((await callTool(gateway, key, 'w__work', { nonce: '1' })).error, undefined);
  await waitFor('it to be known', async () => (await cli('definitions', 'list')).includes('\twork\t'));
  await cli('definitions', 'approve', 'w/work');
  for (const gateway of [a, b])
    await waitFor('the tool to be there', async () => {
      const { result } = await callTool(gateway, key, 'w__work', { nonce: randomUUID() });
      return result !== undefined;
    });
  assert.match(await cli('audit', '--kind', 'definition.approved'), /w/);
});

test('an edit of the file that both gateways have stands in the record once', LIMIT, async (t) => {
  const { a, b, cli, config, url } = await startReplicas(t);
  const lines = async (): Promise<string[]> => {
    const changes = JSON.parse(await cli('config', 'changes', '--json')) as { [member: string]: string }[];
    return changes.flatMap(({ action, kind, name, via }) => (via === 'file' ? [`${action} ${kind} ${name}`] : []));
  };
  assert.deepEqual(await lines(), ['create server w']);
  const { seq } = (await query(url, 'SELECT seq FROM portcullis.noted_file'))[0] ?? {};
  for (const { configFile } of [a, b])
    writeFileSync(configFile, JSON.stringify({ ...config, teams: { research: {} } }));
  for (const gateway of [a, b])
    await waitFor('the new file in force', () => gateway.stderr().includes('configuration applied'));
  assert.deepEqual(await lines(), ['create team research', 'create server w']);
  assert.notEqual((await query(url, 'SELECT seq FROM portcullis.noted_file'))[0]?.seq, seq);
});

test('while PostgreSQL is away, gateways go on serving the keys they know', LIMIT, async (t) => {
  const { a, b, trail, cli } = await startReplicas(t);
  const key = a.key || b.key;
  await becomes(200, a, key);
  await becomes(200, b, key);
  const before = (await trail()).length;
  await server.stop();
  t.after(() => server.start().catch(() => undefined));
  for (let i = 0; i < 5; i++) for (const gateway of [a, b]) assert.equal(await statusOf(gateway, key), 200);
  await assert.rejects(cli('keys', 'list'), /PostgreSQL cannot be used/);
  await server.start();
  await waitFor('the calls of that time', async () => (await trail()).length >= before + 10);
  const { secret } = JSON.parse(await cli('keys', 'create', '--name', 'later', '--allow', '*', '--json')) as {
    secret: string;
  };
  await Promise.all([becomes(200, a, secret), becomes(200, b, secret)]);
});
