/** Search and scripts at /mcp: what clients see in each mode, what a script may do, and how it waits for a person. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { readTrail, runCli, type StartedGateway, startGateway } from '../support/gateway.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { readWitness, witnessEntry } from '../support/witness.ts';

interface Site {
  readonly gateway: StartedGateway;
  readonly logFile: string;
}

async function start(t: TestContext, more: object = {}): Promise<Site> {
  const folder = await createTempDir(t);
  const logFile = join(folder, 'witness.log');
  const config = { mcpServers: { desk: witnessEntry(logFile), 'other-desk': witnessEntry(logFile) }, ...more };
  const gateway = await startGateway(t, { config });
  await gateway.healthy();
  return { gateway, logFile };
}

async function connect(
  t: TestContext,
  { gateway }: Site,
  { mode, era = 'modern', path = '' }: { mode?: string; era?: 'legacy' | 'modern'; path?: string } = {},
): Promise<Client> {
  const client = new Client(
    { name: 'portcullis-test', version: '1.0.0' },
    { versionNegotiation: { mode: era === 'legacy' ? 'legacy' : { pin: '2026-07-28' } } },
  );
  const headers = {
    authorization: `Bearer ${gateway.key}`,
    ...(mode !== undefined && { 'x-portcullis-tool-mode': mode }),
  };
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcpUrl + path), { requestInit: { headers } }));
  t.after(() => client.close());
  return client;
}

const namesOf = async (client: Client): Promise<string[]> => (await client.listTools()).tools.map(({ name }) => name);

interface Told {
  readonly text: string;
  readonly isError: boolean;
  readonly execution: { readonly status: string; readonly executionId?: string; readonly calls: unknown[] } | undefined;
}

async function call(client: Client, name: string, args: { readonly [name: string]: unknown }): Promise<Told> {
  const result = await client.callTool({ name, arguments: args });
  const [first] = result.content as { text?: string }[];
  return {
    text: first?.text ?? '',
    isError: result.isError === true,
    execution: result._meta?.['portcullis.dev/execution'] as Told['execution'],
  };
}
const run = (client: Client, code: string, more: object = {}): Promise<Told> =>
  call(client, 'run_code', { code, ...more });

for (const era of ['legacy', 'modern'] as const)
  test(`each mode shows its own tools, and a script calls those of servers (${era})`, async (t) => {
    const site = await start(t);
    assert.equal((await namesOf(await connect(t, site, { era }))).includes('desk__work'), true);
    assert.deepEqual(await namesOf(await connect(t, site, { era, mode: 'search' })), ['search_tools', 'call_tool']);
    const client = await connect(t, site, { era, mode: 'code' });
    assert.deepEqual(await namesOf(client), ['search_tools', 'run_code']);
    const found = await call(client, 'search_tools', { query: 'do some work' });
    assert.match(found.text, /^desk\.work\(nonce: str/m);
    assert.match(found.text, /^other_desk\.work\(nonce: str/m);
    const ran = await run(
      client,
      'import asyncio\nresults = await asyncio.gather(desk.work(nonce="a"), other_desk.work(nonce="b"))\n{"all": results}',
    );
    assert.equal(ran.text.split('\n')[0], '{"all":["done a","done b"]}', ran.text);
    const trail = await readTrail(site.gateway.dataDir);
    const outer = trail.find(({ target }) => target === 'run_code');
    const nested = trail.filter(({ surface }) => surface === 'code');
    assert.equal(outer?.serverId, 'portcullis');
    assert.deepEqual(nested.map(({ name, parentId, runId, result }) => [name, parentId, runId, result]).sort(), [
      ['desk__work', outer?.id, outer?.id, 'ok'],
      ['other-desk__work', outer?.id, outer?.id, 'ok'],
    ]);
  });

test('call_tool is a call of the tool that it names, for rules and for the trail', async (t) => {
  const policy = { rules: [{ name: 'not-this', action: 'deny', targets: ['desk/work'], when: 'args.nonce == "bad"' }] };
  const site = await start(t, { policy });
  const client = await connect(t, site, { mode: 'search' });
  const good = await call(client, 'call_tool', { name: 'desk.work', arguments: { nonce: 'good' } });
  assert.equal(good.text, 'done good');
  await assert.rejects(call(client, 'call_tool', { name: 'desk.work', arguments: { nonce: 'bad' } }), /not-this/);
  await assert.rejects(call(client, 'call_tool', { name: 'desk.nothing', arguments: {} }), /Unknown tool/);
  await assert.rejects(call(client, 'call_tool', { name: 'call_tool', arguments: {} }), /Unknown tool/);
  assert.deepEqual(
    readWitness(site.logFile)
      .filter(({ event }) => event === 'executed')
      .map(({ nonce }) => nonce),
    ['good'],
  );
  const rows = (await readTrail(site.gateway.dataDir)).filter(({ target }) => target === 'work');
  assert.deepEqual(
    rows.map(({ serverId, name, result }) => [serverId, name, result]),
    [
      ['desk', 'call_tool', 'ok'],
      ['desk', 'call_tool', 'refused'],
    ],
  );
});

test('variables last in a session, and errors say where and what to do', async (t) => {
  const site = await start(t);
  const client = await connect(t, site, { mode: 'code' });
  const first = await run(client, 'x = 20\nprint("set")');
  const session = /^session: (\w+)$/m.exec(first.text)?.[1];
  assert.match(first.text, /^Printed:\nset\n/);
  assert.equal((await run(client, 'x + 1', { session })).text, '21');
  const again = await run(client, 'y = x\nr = desk.work(nonec="a")', { session });
  assert.match(
    again.text,
    /^Nothing was run:\nline 2: .*desk\.work/,
    'servers are checked in whichever run names them first',
  );
  assert.equal((await run(client, 'x', { session })).text, '20');
  const forgetful = 'loud = await asyncio.gather(*[desk.work(nonce=w) for w in ["f1", "f2"]])\njson.dumps(loud)';
  assert.match((await run(client, forgetful)).text, /done f1.*done f2/);
  assert.match((await run(client, 'more = {"nonce": "spread"}\nawait desk.work(**more)')).text, /^"done spread"/);
  assert.equal(
    (await run(client, 'await desk.wrk(nonce="a")')).text,
    'Nothing was run:\nline 1: there is no desk.wrk; did you mean desk.work?',
  );
  assert.match((await run(client, 'x')).text, /^NameError: name 'x' is not defined \(line 1: x\)/);
  const typed = await run(client, 'r = desk.work(nonec="a")\nr');
  assert.match(typed.text, /^Nothing was run:\nline 1: .*desk\.work/);
  assert.equal(typed.isError, true);
  const failed = await run(client, 'a = await desk.work(nonce="q")\n1 / 0');
  assert.match(failed.text, /^ZeroDivisionError: division by zero \(line 2: 1 \/ 0\)\nCalls made: desk\.work ok/);
  assert.equal(readWitness(site.logFile).filter(({ event }) => event === 'executed').length, 4);
  assert.match(
    (await run(client, 'import time\nwhile True: pass')).text,
    /TimeoutError: the script used more than 5 s/,
  );
  assert.match(
    (await run(client, '[{"i": i, "text": "word " * 20} for i in range(500)]', { session: 'long' })).text,
    /shortened.*variable _/s,
  );
  assert.equal((await run(client, 'len(_)', { session: 'long' })).text, '500');
});

test('a script waits for a person, over a kill of the gateway, and nothing of it is done twice', async (t) => {
  const policy = { rules: [{ name: 'look-first', action: 'ask', targets: ['desk/work'] }] };
  const config = { policy };
  const site = await start(t, config);
  const client = await connect(t, site, { mode: 'code' });
  const script = [
    'import asyncio',
    'async def one(x):',
    '    return await x',
    'a, b, c = await asyncio.gather(other_desk.work(nonce="free1"), desk.work(nonce="held"), other_desk.work(nonce="free2"))',
    'd = await other_desk.work(nonce="after")',
    '[a, b, c, d]',
  ].join('\n');
  const waiting = await run(client, script);
  assert.equal(waiting.execution?.status, 'approval', waiting.text);
  assert.match(waiting.text, /A person has to approve a call[\s\S]*desk\.work\(\{"nonce":"held"\}\)/);
  const executed = (): string[] =>
    readWitness(site.logFile).flatMap(({ event, nonce }) =>
      event === 'executed' && nonce !== undefined ? [nonce] : [],
    );
  assert.deepEqual(executed().sort(), ['free1', 'free2']);
  const resume = waiting.execution?.executionId ?? '';

  const early = await call(client, 'run_code', { resume });
  assert.equal(early.execution?.status, 'approval', early.text);

  await site.gateway.kill9();
  const logEntry = witnessEntry(site.logFile);
  const again = await startGateway(t, {
    config: { mcpServers: { desk: logEntry, 'other-desk': logEntry }, ...config },
    dataDir: site.gateway.dataDir,
  });
  await again.healthy();
  const back: Site = { gateway: { ...again, key: site.gateway.key }, logFile: site.logFile };
  const id = /approval (apr_\w+)/.exec(waiting.text)?.[1] ?? '';
  await runCli('approvals', 'approve', id, '--yes', '--data', site.gateway.dataDir);
  const reborn = await connect(t, back, { mode: 'code' });
  const done = await call(reborn, 'run_code', { resume });
  assert.equal(done.text.split('\n')[0], '["done free1","done held","done free2","done after"]', done.text);
  assert.deepEqual(executed().sort(), ['after', 'free1', 'free2', 'held']);
  await assert.rejects(call(reborn, 'run_code', { resume }), /Unknown execution/);
});

test('a classic client has no tools of the gateway', async (t) => {
  const site = await start(t);
  const client = await connect(t, site);
  await assert.rejects(run(client, '1'), /Unknown tool/);
});

test('a call that a script leaves behind ends with the script', async (t) => {
  const site = await start(t, { codeMode: { limits: { maxWallMs: 700 } } });
  const client = await connect(t, site, { mode: 'code' });
  const ended = await run(client, 'await desk.work(nonce="late", sleepMs=20000)');
  assert.match(ended.text, /TimeoutError: the script took more than 0\.7 s/);
  await waitFor('the call to be over', async () => {
    const row = (await readTrail(site.gateway.dataDir)).find(({ surface }) => surface === 'code');
    return row?.result !== undefined;
  });
  const row = (await readTrail(site.gateway.dataDir)).find(({ surface }) => surface === 'code');
  assert.deepEqual([row?.target, row?.result], ['work', 'cancelled']);
});
