/** Limits of keys, from the file and from the command line: they hold, say when to come back, and outlive a kill. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, ProtocolError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { readTrail, runCli, type StartedGateway, startGateway } from '../support/gateway.ts';
import { createStdioServers } from '../support/real-servers.ts';
import { type Cleanup, createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const KEY = 'pck_e2e_limits_0123456789abcdef';

async function connect(
  t: Cleanup,
  gateway: StartedGateway,
  key: string,
  mode: 'legacy' | { pin: string },
): Promise<Client> {
  const client = new Client({ name: 'portcullis-test', version: '1.0.0' }, { versionNegotiation: { mode } });
  const requestInit = { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcpUrl), { requestInit }));
  t.after(() => client.close());
  return client;
}

const echo = (client: Client) => client.callTool({ name: 'everything__echo', arguments: { message: 'hi' } });

/** In the modern era the SDK tells of the status, with the body in its message; in the legacy one of the error itself. */
const refusedWith = (code: number, limit: object) => (error: unknown) => {
  assert.ok(error instanceof Error);
  const data: unknown =
    error instanceof ProtocolError ? error.data : JSON.parse(/{.*}/.exec(error.message)?.[0] ?? '{}').error.data;
  assert.match(error instanceof ProtocolError ? String(error.code) : error.message, new RegExp(String(code)));
  assert.deepEqual({ ...(data as object), ...limit }, data);
  return true;
};

test('a key is refused once its calls are used up, in both eras, and the server never hears of it', async (t) => {
  const { servers } = await createStdioServers(await createTempDir(t));
  const gateway = await startGateway(t, {
    config: {
      mcpServers: { everything: servers.everything },
      keys: [{ name: 'k', value: KEY, allow: ['*'], limits: { toolCalls: [{ max: 2, per: 'hour' }] } }],
    },
  });
  await gateway.healthy();
  const modern = await connect(t, gateway, KEY, { pin: '2026-07-28' });
  const legacy = await connect(t, gateway, KEY, 'legacy');
  await echo(modern);
  await echo(legacy);
  for (const client of [modern, legacy])
    await assert.rejects(echo(client), refusedWith(-31429, { limit: 'toolCalls', max: 2, per: 'hour' }));
  // Looking is free.
  await legacy.listTools();
  await waitFor('four calls in the trail, two of them refused', async () => {
    const calls = (await readTrail(gateway.dataDir)).filter(({ kind }) => kind === 'tools.call');
    return calls.length === 4 && calls.filter(({ error }) => error === 'rate_limited').length === 2;
  });
});

test('a budget holds over a kill -9: what was spent stays spent', { timeout: 120_000 }, async (t) => {
  const { servers } = await createStdioServers(await createTempDir(t));
  const dataDir = await createTempDir(t);
  const config = {
    mcpServers: { everything: servers.everything },
    prices: { tools: { 'everything/echo': { perCallMicroUsd: 400_000 } } },
  };
  const flags = ['--name', 'k', '--allow', '*', '--budget', '1usd/total'];
  const key = (await runCli('keys', 'create', '--data', dataDir, ...flags)).trim();

  const first = await startGateway(t, { config, dataDir });
  await first.healthy();
  const client = await connect(t, first, key, { pin: '2026-07-28' });
  await echo(client);
  await echo(client);
  await assert.rejects(echo(client), refusedWith(-31402, { budget: 'total', spentMicroUsd: 800_000 }));
  await first.kill9();

  const second = await startGateway(t, { config, dataDir });
  await second.healthy();
  const again = await connect(t, second, key, { pin: '2026-07-28' });
  await assert.rejects(echo(again), refusedWith(-31402, { budget: 'total', spentMicroUsd: 800_000 }));
});

test('limits on the command line are refused with what they want, and listed as they were given', async (t) => {
  const data = await createTempDir(t);
  const create = (...flags: string[]) =>
    runCli('keys', 'create', '--data', data, '--name', 'k', '--allow', '*', ...flags);
  for (const [flags, said] of [
    [['--rate', '100'], /--rate wants a number and a span/],
    [['--tokens', '0/minute'], /--tokens wants/],
    [['--budget', '5eur/day'], /--budget wants dollars/],
    [['--budget', '5usd/fortnight'], /windows are hour, day/],
    [['--budget', '5usd/day on'], /--budget wants dollars/],
    [['--rate', 'on github'], /--rate wants a number and a span/],
    [['--concurrent', 'many'], /--concurrent wants a whole number/],
    [['--budget', '5usd/day', '--time-zone', 'Mars/Olympus'], /is no time zone/],
  ] as const) {
    await assert.rejects(create(...flags), ({ code, stderr }: { code?: number; stderr?: string }) => {
      assert.equal(code, 2);
      assert.match(stderr ?? '', said);
      return true;
    });
  }
  await create('--rate', '60/minute', '--budget', '5usd/day', '--concurrent', '3');
  assert.match(await runCli('keys', 'list', '--data', data), /60 requests\/minute, 3 at once, \$5\/day/);
  await create('--rate', '5/minute on github/create_*, b', '--budget', '20usd/month rolling on model:openai/*');
  assert.match(
    await runCli('keys', 'list', '--data', data),
    /5 requests\/minute on github\/create_\* b, \$20\/month rolling on model:openai\/\*/,
  );
  const [, last] = JSON.parse(await runCli('keys', 'list', '--data', data, '--json')) as { limits: unknown }[];
  assert.deepEqual(last?.limits, {
    requests: [{ max: 5, per: 'minute', on: ['github/create_*', 'b'] }],
    ...{ tokens: [], toolCalls: [] },
    budgets: [{ maxUsd: 20, per: 'month', timeZone: 'UTC', rolling: true, alertAt: [], on: ['model:openai/*'] }],
  });
});
