/** Whole scripts, run once as a model would send them: a real gateway, real servers where there are some, else recorded ones. */

import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, type TestContext, test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { findWorker } from '../../../src/platform/sandbox/python/worker-command.ts';
import { type StartedGateway, startGateway } from '../../support/gateway.ts';
import { createStdioServers } from '../../support/real-servers.ts';
import { createCleanup, createTempDir } from '../../support/temp-dir.ts';
import { inOrder, methodOf, readExpected, readScripts, type SuiteScript } from './scripts.ts';
import { type RecordedServers, startRecorded } from './start-recorded.ts';

const skip = findWorker() === undefined && 'the worker is not installed on this platform';
const REAL = /^(filesystem|memory|everything)\./;
const FILES: { readonly [path: string]: string } = {
  'notes/todo.txt': 'TODO(ada): write tests\nnothing here\n  TODO: sleep\nend\n',
  'notes/deep/later.txt': 'later\nTODO(Bob): ship it\n',
  'config/settings.json': '{"debug": true, "features": {"dark": false}}',
};

interface Told {
  readonly value: unknown;
  readonly printed: string;
  readonly text: string;
  readonly calls: readonly { readonly tool: string }[];
}

const cleanup = createCleanup();
let recorded: RecordedServers;
let gateway: StartedGateway;

before(async () => {
  if (skip !== false) return;
  const { servers, files } = await createStdioServers(await createTempDir(cleanup));
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(join(files, path, '..'), { recursive: true });
    await writeFile(join(files, path), text);
  }
  recorded = await startRecorded(cleanup);
  gateway = await startGateway(cleanup, { config: { mcpServers: { ...servers, ...recorded.entries } } });
  await gateway.healthy();
});
test.after(() => cleanup.run());

async function connect(t: TestContext): Promise<Client> {
  const client = new Client(
    { name: 'portcullis-test', version: '1.0.0' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  const headers = { authorization: `Bearer ${gateway.key}`, 'x-portcullis-tool-mode': 'code' };
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.mcpUrl), { requestInit: { headers } }));
  t.after(() => client.close());
  return client;
}

/** The report of a run: a value on the first line, then what was printed. */
async function run(client: Client, { name, code }: SuiteScript): Promise<Told> {
  const result = await client.callTool({ name: 'run_code', arguments: { code, session: name } });
  const text = (result.content as { text?: string }[])[0]?.text ?? '';
  const printed = /(?:^|\n)Printed:\n([\s\S]*?)(?:\nsession: [^\n]*)?$/.exec(text)?.[1] ?? '';
  const execution = result._meta?.['portcullis.dev/execution'] as { status: string; calls: Told['calls'] } | undefined;
  assert.equal(execution?.status, 'ok', text);
  const [first = ''] = text.split('\n');
  return {
    value: /^(Printed:|session:)/.test(first) ? null : JSON.parse(first),
    printed,
    text,
    calls: execution?.calls ?? [],
  };
}

for (const script of readScripts())
  test(`${script.name} runs at the first try`, { skip }, async (t) => {
    const expected = readExpected(script.name);
    recorded.begin(script.together);
    const told = await run(await connect(t), script);
    assert.deepEqual(told.value, expected.gives, told.text);
    assert.equal(told.printed.trimEnd(), expected.printed.trimEnd());
    const arrived = recorded.arrived().map(({ tool, arguments: args }) => [tool, args] as const);
    const isReal = ([tool]: readonly [string, ...unknown[]]): boolean => REAL.test(tool);
    assert.deepEqual(inOrder(arrived), inOrder(expected.calls.filter((call) => !isReal(call))));
    assert.deepEqual(
      told.calls.map(({ tool }) => tool).sort(),
      expected.calls.map(([tool]) => methodOf(tool).replace('_', '.')).sort(),
    );
    assert.ok(recorded.mostTogether() >= (script.together?.calls ?? 0), `${recorded.mostTogether()} calls at once`);
  });

test('classes of one run are there for the next of the session, and its errors have their names', {
  skip,
}, async (t) => {
  const client = await connect(t);
  const runs = async (code: string): Promise<string> => {
    const result = await client.callTool({ name: 'run_code', arguments: { code, session: 'classes' } });
    return (result.content as { text?: string }[])[0]?.text ?? '';
  };
  await runs('class AppError(Exception):\n    pass\n\ndef fail(why):\n    raise AppError(why)\n\n"set"');
  assert.match(
    await runs('try:\n    fail("first")\nexcept AppError as e:\n    r = f"caught {e}"\nr'),
    /^"caught first"/,
  );
  assert.match(
    await runs('try:\n    raise AppError("second")\nexcept Exception as e:\n    r = str(e)\nr'),
    /^"second"/,
  );
  const failed = await runs('x = 1\nraise AppError("third")');
  assert.match(failed, /^AppError: third \(line 2: raise AppError\("third"\)\)/);
});

test('a wrong call is told before anything runs, and one that may be right is not', { skip }, async (t) => {
  const client = await connect(t);
  const runs = async (code: string): Promise<string> => {
    const result = await client.callTool({ name: 'run_code', arguments: { code, session: 'checks' } });
    return (result.content as { text?: string }[])[0]?.text ?? '';
  };
  const where = 'owner="acme", repo="api"';
  assert.match(await runs(`await github.list_issues(${where}, stat="open")`), /^Nothing was run:\nline 1: .*stat/);
  assert.match(await runs(`await github.list_issues(owner="acme", repo=5)`), /^Nothing was run:/);
  assert.match(await runs('await github.list_isues(owner="acme")'), /^Nothing was run:/);
  for (const right of [
    `[len(await github.list_issues(${where}, state=s, per_page=1)) for s in ["open", "closed"]]`,
    `options = {"state": "open", "per_page": 1}\nlen(await github.list_issues(${where}, **options))`,
    `state = "open" if 1 else None\nlen(await github.list_issues(${where}, state=state, per_page=1))`,
    `import json\nargs = json.loads('{"per_page": 1}')\nlen(await github.list_issues(${where}, **args))`,
  ])
    assert.match(await runs(right), /^(?:1|\[1,1\])(?:\n|$)/, right);
});
