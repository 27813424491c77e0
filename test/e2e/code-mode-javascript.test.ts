/** Scripts in JavaScript, through a whole gateway: parallel calls, variables, a wait for a person over a restart, and a chat. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import OpenAI from 'openai';
import { readTrail, runCli, type StartedGateway, startGateway } from '../support/gateway.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { readWitness, witnessEntry } from '../support/witness.ts';

interface Site {
  readonly gateway: StartedGateway;
  readonly logFile: string;
}

const CODE_MODE = { codeMode: { mode: 'code', dialect: 'javascript' } };

async function start(t: TestContext, more: object = {}): Promise<Site> {
  const logFile = join(await createTempDir(t), 'witness.log');
  const config = {
    mcpServers: { desk: witnessEntry(logFile), 'other-desk': witnessEntry(logFile) },
    ...CODE_MODE,
    ...more,
  };
  const gateway = await startGateway(t, { config });
  await gateway.healthy();
  return { gateway, logFile };
}

async function connect(t: TestContext, { gateway }: Site): Promise<Client> {
  const client = new Client(
    { name: 'portcullis-test', version: '1.0.0' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  const headers = { authorization: `Bearer ${gateway.key}` };
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcpUrl), { requestInit: { headers } }));
  t.after(() => client.close());
  return client;
}

interface Told {
  readonly text: string;
  readonly isError: boolean;
  readonly execution: { readonly status: string; readonly executionId?: string } | undefined;
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
const executedIn = (logFile: string): string[] =>
  readWitness(logFile).flatMap(({ event, nonce }) => (event === 'executed' && nonce !== undefined ? [nonce] : []));

test('signatures are in JavaScript, and a script makes three calls at once', async (t) => {
  const site = await start(t);
  const client = await connect(t, site);
  const { tools } = await client.listTools();
  assert.deepEqual(
    tools.map(({ name }) => name),
    ['search_tools', 'run_code'],
  );
  assert.match(tools[1]?.description ?? '', /JavaScript.*Promise\.all.*JSON last between runs/s);
  const found = await call(client, 'search_tools', { query: 'do some work' });
  assert.match(found.text, /^desk\.work\(\{nonce: string/m);
  assert.match(found.text, /^other_desk\.work\(\{nonce: string/m);
  const nonces = ['a', 'b', 'c'];
  const ran = await run(
    client,
    `const all = await Promise.all(${JSON.stringify(nonces)}.map((nonce) => other_desk.work({nonce, sleepMs: 300})));
console.log(all.length, {ok: true});
({all})`,
  );
  assert.equal(ran.text.split('\n')[0], '{"all":["done a","done b","done c"]}', ran.text);
  assert.match(ran.text, /Printed:\n3 \{"ok":true\}/);
  // All had begun before the first of them was done.
  const events = readWitness(site.logFile).filter(({ event }) => event !== 'start');
  assert.deepEqual(
    events.slice(0, 3).map(({ event }) => event),
    ['begun', 'begun', 'begun'],
  );
  const trail = await readTrail(site.gateway.dataDir);
  const outer = trail.find(({ target }) => target === 'run_code');
  const nested = trail.filter(({ surface }) => surface === 'code');
  assert.deepEqual(
    nested.map(({ name, parentId, result }) => [name, parentId, result]),
    nonces.map(() => ['other-desk__work', outer?.id, 'ok']),
  );
  const searched = await run(
    client,
    'const found = await tools.search("work");\n(await tools.help("desk.work")).length + found.length > 40',
  );
  assert.equal(searched.text.split('\n')[0], 'true', searched.text);
});

test('variables that are JSON last in a session, and errors say where and what to do', async (t) => {
  const site = await start(t);
  const client = await connect(t, site);
  const first = await run(client, 'let x = 20;\nconst seen = new Set([1]);\nconsole.log("set");');
  const session = /^session: (\w+)$/m.exec(first.text)?.[1];
  assert.match(first.text, /^Printed:\nset\n/);
  assert.equal((await run(client, 'x += 1;\nx', { session })).text, '21');
  assert.equal((await run(client, 'x', { session })).text, '21');
  assert.match((await run(client, 'seen.size', { session })).text, /only variables that are JSON values last/);
  assert.match((await run(client, 'x')).text, /^ReferenceError: 'x' is not defined \(line 1: x\)/);
  for (const [code, words] of [
    [
      'const r = desk.work({nonce: "no await"});\nr.length',
      /TypeError: desk\.work\(\) was not awaited.*\(line 2: r\.length\)/,
    ],
    ['await dsk.work({nonce: "q"})', /Hint: did you mean desk\?/],
    ['await desk.wrok({nonce: "q"})', /desk has no tool wrok; did you mean desk\.work\?/],
    ['await fetch("https://example.com")', /Hint: there is no network/],
    ['import fs from "node:fs";', /Hint: there are no modules/],
    ['process.env', /Hint: there is no process/],
  ] as const) {
    const told = await run(client, code);
    assert.match(told.text, words, code);
    assert.equal(told.isError, true);
  }
  const failed = await run(client, 'const a = await desk.work({nonce: "q"});\nnull.x');
  assert.match(failed.text, /^TypeError: .*\(line 2: null\.x\)[\s\S]*Calls made: desk\.work ok/);
  assert.match((await run(client, 'for (;;);')).text, /TimeoutError: the script used more than 5 s/);
  const long = 'Array.from({length: 500}, (_, i) => ({i, text: "word ".repeat(20)}))';
  assert.match((await run(client, long, { session: 'long' })).text, /shortened.*variable _/s);
  assert.equal((await run(client, '_.length', { session: 'long' })).text, '500');
});

test('a script waits for a person, over a kill of the gateway, and nothing of it is done twice', async (t) => {
  const more = { policy: { rules: [{ name: 'look-first', action: 'ask', targets: ['desk/work'] }] } };
  const site = await start(t, more);
  const client = await connect(t, site);
  const script = [
    'const begun = [Date.now(), Math.random()];',
    'console.log("begun");',
    'const [a, b, c] = await Promise.all([other_desk.work({nonce: "free1"}), desk.work({nonce: "held"}), other_desk.work({nonce: "free2"})]);',
    'const d = await other_desk.work({nonce: "after"});',
    'console.log("ended");',
    '[a, b, c, d, begun.length]',
  ].join('\n');
  const waiting = await run(client, script);
  assert.equal(waiting.execution?.status, 'approval', waiting.text);
  assert.match(
    waiting.text,
    /A person has to approve a call[\s\S]*desk\.work\(\{"nonce":"held"\}\)[\s\S]*Printed:\nbegun/,
  );
  assert.deepEqual(executedIn(site.logFile).sort(), ['free1', 'free2']);
  const resume = waiting.execution?.executionId ?? '';
  const early = await call(client, 'run_code', { resume });
  assert.equal(early.execution?.status, 'approval', early.text);

  await site.gateway.kill9();
  const entry = witnessEntry(site.logFile);
  const again = await startGateway(t, {
    config: { mcpServers: { desk: entry, 'other-desk': entry }, ...CODE_MODE, ...more },
    dataDir: site.gateway.dataDir,
  });
  await again.healthy();
  const back: Site = { gateway: { ...again, key: site.gateway.key }, logFile: site.logFile };
  const id = /approval (apr_\w+)/.exec(waiting.text)?.[1] ?? '';
  await runCli('approvals', 'approve', id, '--yes', '--data', site.gateway.dataDir);
  const reborn = await connect(t, back);
  const done = await call(reborn, 'run_code', { resume });
  assert.equal(done.text.split('\n')[0], '["done free1","done held","done free2","done after",2]', done.text);
  assert.match(done.text, /Printed:\nended/);
  assert.doesNotMatch(done.text, /begun/);
  assert.deepEqual(executedIn(site.logFile).sort(), ['after', 'free1', 'free2', 'held']);
  await assert.rejects(call(reborn, 'run_code', { resume }), /Unknown execution/);
});

test('what a person rejects is an exception that a script may catch', async (t) => {
  const site = await start(t, { policy: { rules: [{ name: 'look-first', action: 'ask', targets: ['desk/work'] }] } });
  const client = await connect(t, site);
  const waiting = await run(client, 'let r;\ntry { r = await desk.work({nonce: "no"}); } catch (e) { r = e.name; }\nr');
  const id = /approval (apr_\w+)/.exec(waiting.text)?.[1] ?? '';
  await runCli('approvals', 'reject', id, '--data', site.gateway.dataDir);
  const done = await call(client, 'run_code', { resume: waiting.execution?.executionId });
  assert.equal(done.text.split('\n')[0], '"PermissionError"', done.text);
  assert.deepEqual(executedIn(site.logFile), []);
});

test('in a chat a model searches, then runs a script, and agent mode does both', async (t) => {
  const mock = await startOpenAiMock();
  t.after(() => mock[Symbol.asyncDispose]());
  const key = 'pck_code_mode_javascript_0123456789';
  const site = await start(t, {
    providers: { o: { type: 'openai', baseUrl: `${mock.origin}/v1`, apiKey: 'sk-upstream' } },
    keys: [
      {
        ...{ name: 'helper', value: key, allow: ['*'], toolMode: 'code' },
        agent: { mode: 'on', auto: ['portcullis/search_tools', 'portcullis/run_code', 'desk', 'other-desk'] },
      },
    ],
  });
  const openai = new OpenAI({ baseURL: `${site.gateway.url}/v1`, apiKey: key, maxRetries: 0 });
  const asks = async (tool: string, args: object): Promise<string> =>
    JSON.stringify(
      await openai.chat.completions.create({
        model: 'o/gpt-5.2',
        messages: [{ role: 'user', content: `!call ${tool} ${JSON.stringify(args)}` }],
      }),
    );
  assert.match(await asks('search_tools', { query: 'do some work' }), /desk\.work\(\{nonce: string/);
  const code = 'await Promise.all([desk.work({nonce: "one"}), other_desk.work({nonce: "two"})])';
  assert.match(await asks('run_code', { code }), /done one[\s\S]*done two/);
  assert.deepEqual(executedIn(site.logFile).sort(), ['one', 'two']);
});
