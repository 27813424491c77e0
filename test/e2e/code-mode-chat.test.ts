/** Scripts of models in chats: suggested and carried out by their caller, or run by agent mode, which waits for persons in mid-script. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import OpenAI from 'openai';
import { readTrail, runCli, startGateway } from '../support/gateway.ts';
import { startOpenAiMock } from '../support/providers/openai.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { readWitness, witnessEntry } from '../support/witness.ts';

const KEY = 'pck_code_mode_chat_0123456789abcdef';

async function start(t: TestContext, key: object, more: object = {}) {
  const mock = await startOpenAiMock();
  t.after(() => mock[Symbol.asyncDispose]());
  const logFile = join(await createTempDir(t), 'witness.log');
  const gateway = await startGateway(t, {
    config: {
      mcpServers: { desk: witnessEntry(logFile), other: witnessEntry(logFile) },
      providers: { o: { type: 'openai', baseUrl: `${mock.origin}/v1`, apiKey: 'sk-upstream' } },
      keys: [{ name: 'helper', value: KEY, allow: ['*'], toolMode: 'code', ...key }],
      ...more,
    },
  });
  await gateway.healthy();
  const openai = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: KEY, maxRetries: 0 });
  const executed = (): string[] =>
    readWitness(logFile).flatMap(({ event, nonce }) => (event === 'executed' && nonce !== undefined ? [nonce] : []));
  return { gateway, openai, mock, executed };
}

const SCRIPT = 'import asyncio\nawait asyncio.gather(desk.work(nonce="one"), other.work(nonce="two"))';
const ask = (code: string): string => `!call run_code ${JSON.stringify({ code })}`;

test('a model is offered two tools, and what it suggests is carried out by its caller, once', async (t) => {
  const { gateway, openai, executed } = await start(t, {});
  const first = await openai.chat.completions.create({
    model: 'o/gpt-5.2',
    messages: [{ role: 'user', content: ask(SCRIPT) }],
  });
  const call = first.choices[0]?.message.tool_calls?.[0];
  assert.ok(call?.type === 'function');
  assert.equal(call.function.name, 'run_code');
  assert.deepEqual(executed(), []);
  const execute = async (): Promise<string> => {
    const response = await fetch(`${gateway.url}/v1/mcp/tool/execute`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify(call),
    });
    assert.equal(response.status, 200);
    return JSON.stringify(await response.json());
  };
  const told = await execute();
  assert.match(told, /\[\\+"done one\\+",\\+"done two\\+"\]/);
  assert.equal(await execute(), told);
  assert.deepEqual(executed().sort(), ['one', 'two']);
  const rows = await readTrail(gateway.dataDir);
  const chat = rows.find(({ kind }) => kind === 'chat');
  assert.ok(rows.filter(({ surface }) => surface === 'code').every(({ runId }) => runId === chat?.id));
});

test('what call_tool names is what a suggestion stands for', async (t) => {
  const policy = { rules: [{ name: 'never', action: 'deny', targets: ['desk/work'] }] };
  const { gateway, openai, executed } = await start(t, { toolMode: 'search' }, { policy });
  const answer = await openai.chat.completions.create({
    model: 'o/gpt-5.2',
    messages: [{ role: 'user', content: '!call call_tool {"name":"other.work","arguments":{"nonce":"inner"}}' }],
  });
  const call = answer.choices[0]?.message.tool_calls?.[0];
  assert.ok(call?.type === 'function');
  const response = await fetch(`${gateway.url}/v1/mcp/tool/execute`, {
    method: 'POST',
    headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify(call),
  });
  assert.match(JSON.stringify(await response.json()), /done inner/);
  assert.deepEqual(executed(), ['inner']);
  const row = (await readTrail(gateway.dataDir)).find(({ surface }) => surface === 'execute');
  assert.deepEqual([row?.serverId, row?.target, row?.name], ['other', 'work', 'call_tool']);
});

test('agent mode runs a script, waits for a person in its midst, and goes on where it was', {
  timeout: 120_000,
}, async (t) => {
  const { gateway, openai, executed } = await start(
    t,
    { agent: { mode: 'on', auto: ['portcullis/run_code', 'desk', 'other'] } },
    { policy: { rules: [{ name: 'look-first', action: 'ask', targets: ['desk/work'] }] } },
  );
  const answering = openai.chat.completions.create({
    model: 'o/gpt-5.2',
    messages: [
      {
        role: 'user',
        content: ask(
          `r = ${SCRIPT.split('\n')[1]}\nr.append(await other.work(nonce="three"))\nr`.replace(/^/, 'import asyncio\n'),
        ),
      },
    ],
  });
  await waitFor('the script to wait for a person', () => executed().includes('two'));
  const list = async (): Promise<{ id: string }[]> => {
    const listed = JSON.parse(
      await runCli('approvals', 'list', '--json', '--data', gateway.dataDir, '--config', gateway.configFile),
    );
    return Array.isArray(listed) ? listed : listed.items;
  };
  await waitFor('the approval to be asked for', async () => (await list()).length === 1);
  const [approval] = await list();
  await runCli(
    'approvals',
    'approve',
    approval?.id ?? '',
    '--yes',
    '--data',
    gateway.dataDir,
    '--config',
    gateway.configFile,
  );
  const answer = await answering;
  assert.match(JSON.stringify(answer), /done one[\s\S]*done two[\s\S]*done three/);
  assert.deepEqual(executed().sort(), ['one', 'three', 'two']);
});

test('a script in agent mode does what agent mode may do, and nothing else', async (t) => {
  const { openai, executed } = await start(t, { agent: { mode: 'on', auto: ['portcullis/run_code', 'other'] } });
  const answer = await openai.chat.completions.create({
    model: 'o/gpt-5.2',
    messages: [{ role: 'user', content: ask('a = await other.work(nonce="mine")\nawait desk.work(nonce="not mine")') }],
  });
  assert.match(JSON.stringify(answer), /PermissionError: desk\.work: agent mode may not run this tool by itself/);
  assert.deepEqual(executed(), ['mine']);
});
