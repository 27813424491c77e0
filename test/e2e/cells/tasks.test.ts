/** Tasks in all four cells: handed to clients that know them under ids of their own, waited for in place of all others. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readTrail, type StartedGateway } from '../../support/gateway.ts';
import { type RawAnswer, sendModern } from '../../support/raw-client.ts';
import { createCleanup } from '../../support/temp-dir.ts';
import { waitFor } from '../../support/wait-for.ts';
import {
  ABLE,
  type CallOptions,
  connectLegacy,
  type Era,
  type Json,
  KEYS,
  request,
  startCells,
  startCellsAgain,
  textOf,
} from './cells.ts';

const TASKS = 'io.modelcontextprotocol/tasks';
const KNOWS_TASKS = { ...ABLE, extensions: { [TASKS]: {} } };
const INVALID = -32602;

interface Asking {
  readonly key?: string;
  readonly path?: string;
  readonly capabilities?: object;
}

describe('tasks', { timeout: 120_000 }, () => {
  const cleanup = createCleanup();
  let gateway: StartedGateway;
  before(async () => {
    gateway = await startCells(cleanup);
  });
  after(() => cleanup.run());

  const send = (method: string, params: Json, asking: Asking = {}): Promise<RawAnswer> =>
    sendModern({
      url: `${gateway.mcpUrl}${asking.path ?? '/modern'}`,
      key: asking.key ?? KEYS[0],
      method,
      params,
      capabilities: asking.capabilities ?? KNOWS_TASKS,
    });
  const call = (name: string, args: Json = {}, asking?: Asking) =>
    send('tools/call', { name, arguments: args }, asking);
  const create = async (name: string, args: Json = {}, asking?: Asking): Promise<string> => {
    const { result, error } = await call(name, args, asking);
    assert.equal(result?.resultType, 'task', JSON.stringify(error ?? result));
    return String(result?.taskId);
  };
  const ended = (taskId: string, asking?: Asking): Promise<Json> =>
    waitFor('the task to end', async () => {
      const { result } = await send('tasks/get', { taskId }, asking);
      assert.equal(result?.taskId, taskId, JSON.stringify(result));
      return result?.status === 'working' ? undefined : result;
    });
  const untilSummary = (expected: string): Promise<unknown> =>
    waitFor(`the server to have ${expected}`, async () =>
      textOf(await call('test_list_tasks')).includes(expected) ? true : undefined,
    );

  describe('modern client, modern server', () => {
    test('a task is got, updated and cancelled under an id that says nothing of the server [MCP-TASKS modern→modern, MCP-TASKS-ASK modern→modern]', async () => {
      const computing = await create('slow_compute', { seconds: 0.1, label: 'x' });
      assert.doesNotMatch(computing, /task|modern|slow/);
      const done = await ended(computing);
      assert.equal(textOf({ result: done.result }), 'computed x');

      const deleting = await create('confirm_delete', { filename: 'f' });
      const asked = await ended(deleting);
      assert.deepEqual(Object.keys((asked.inputRequests ?? {}) as Json), ['confirm']);
      const inputResponses = { confirm: { action: 'accept', content: { confirm: true } } };
      const told = await send('tasks/update', { taskId: deleting, inputResponses });
      assert.deepEqual([told.result?.resultType, told.result?.taskId], ['complete', undefined]);
      assert.match(textOf({ result: (await ended(deleting)).result }), /deleted/);

      const endless = await create('slow_compute', { seconds: 60, label: 'y' });
      assert.equal((await send('tasks/cancel', { taskId: endless })).result?.resultType, 'complete');
      assert.equal((await ended(endless)).status, 'cancelled');
    });

    test('an id is worth nothing to another key, changed, as plain text, or at another server [MCP-TASKS-BOUND modern→modern]', async () => {
      const taskId = await create('slow_compute', { seconds: 60, label: 'mine' });
      const changed = `${taskId.slice(0, 40)}${taskId[40] === 'A' ? 'B' : 'A'}${taskId.slice(41)}`;
      const unknown = await send('tasks/get', { taskId: 'no-such-task' });
      assert.equal(unknown.error?.code, INVALID);
      for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
        const more = method === 'tasks/update' ? { inputResponses: {} } : {};
        for (const refused of [
          await send(method, { taskId, ...more }, { key: KEYS[1] }),
          await send(method, { taskId: changed, ...more }),
        ])
          assert.deepEqual(refused.error, unknown.error, JSON.stringify(refused));
      }
      assert.equal((await send('tasks/get', { taskId }, { path: '/legacy' })).error?.code, -32601);
      assert.equal((await send('tasks/get', { taskId })).result?.status, 'working');
    });

    test('whoever listens for a task is told of it under the id it knows, and nobody else is [MCP-TASKS-NOTIFIED modern→modern]', async (t) => {
      const taskId = await create('modern__confirm_delete', { filename: 'l' }, { path: '' });
      await ended(taskId, { path: '' });
      const ends = new AbortController();
      t.after(() => ends.abort());
      const open = (key: string, capabilities: object = KNOWS_TASKS) =>
        listen(`${gateway.mcpUrl}`, key, { taskIds: [taskId] }, capabilities, ends.signal);
      const strangers = [await open(KEYS[1]), await open(KEYS[0], {})];
      for (const { first } of strangers) assert.deepEqual(first, { notifications: {} });
      const mine = await open(KEYS[0]);
      assert.deepEqual(mine.first, { notifications: { taskIds: [taskId] } });
      const inputResponses = { confirm: { action: 'accept', content: {} } };
      await send('tasks/update', { taskId, inputResponses }, { path: '' });
      const told = [await mine.next(), await mine.next()];
      assert.deepEqual(
        told.map(({ method, params }) => [method, params.taskId, params.status]),
        [
          ['notifications/tasks', taskId, 'working'],
          ['notifications/tasks', taskId, 'completed'],
        ],
      );
      assert.match(textOf({ result: told[1]?.params.result }), /deleted/);
    });

    test('a client that did not declare the extension is told so, whatever the id [MCP-TASKS-DECLARED-ONLY modern→modern]', async () => {
      for (const method of ['tasks/get', 'tasks/update', 'tasks/cancel']) {
        const { error, status } = await send(method, { taskId: 'x' }, { capabilities: {} });
        assert.deepEqual([status, error?.code], [400, -32021]);
        assert.deepEqual(error?.data, { requiredCapabilities: { extensions: { [TASKS]: {} } } });
      }
    });

    test('on /mcp the resources in the result of a task lead back to its server', async () => {
      const taskId = await create('modern__test_stubborn_task', {}, { path: '' });
      const { result } = await ended(taskId, { path: '' });
      assert.match(JSON.stringify(result), /"modern\+test:\/\/static-text"/);
      assert.match(JSON.stringify(await ended(taskId)), /"test:\/\/static-text"/);
    });

    test('the trail shows each look at a task as a child of its call, under the name of the tool', async () => {
      const taskId = await create('modern__slow_compute', { seconds: 0, label: 'trail' }, { path: '' });
      await ended(taskId, { path: '' });
      const rows = await waitFor('the row', async () => {
        const all = await readTrail(gateway.dataDir);
        const looks = all.filter(({ kind, name }) => kind === 'tasks.get' && name === 'modern__slow_compute');
        const parents = new Set(all.filter(({ kind }) => kind === 'tools.call').map(({ id }) => id));
        return looks.some(({ parentId }) => parentId !== undefined && parents.has(parentId)) ? all : undefined;
      });
      assert.ok(!JSON.stringify(rows).includes(taskId), 'no id of a task is kept');
    });

    test('a client that knows no tasks gets the result of one [MCP-TASKS-AWAITED modern→modern]', async () => {
      const options: CallOptions = { capabilities: {} };
      const called = await request(gateway, 'modern', 'modern', 'tools/call', { name: 'test_stubborn_task' }, options);
      assert.equal(textOf(called), 'done anyway', JSON.stringify(called));
    });

    test('a client that knows no tasks, of whom one asks something, is told what it lacks, and the task is cancelled', async () => {
      const { error } = await call('test_stubborn_asking_task', {}, { capabilities: ABLE });
      assert.equal(error?.code, -32021, JSON.stringify(error));
      await untilSummary('"test_stubborn_asking_task cancelled":1');
    });

    test('the extension is declared where a server has it, and only there', async () => {
      const extensionsAt = async (path: string): Promise<unknown> => {
        const { result } = await send('server/discover', {}, { path });
        return (result?.capabilities as Json | undefined)?.extensions;
      };
      assert.deepEqual(await extensionsAt(''), { [TASKS]: {} });
      assert.deepEqual(await extensionsAt('/modern'), { [TASKS]: {} });
      assert.equal(await extensionsAt('/legacy'), undefined);
    });
  });

  describe('legacy client, modern server', () => {
    const callAsLegacy = (name: string, args: Json = {}) =>
      request(gateway, 'legacy', 'modern', 'tools/call', { name, arguments: args });

    test('the client gets the result, whether or not the server insists on a task [MCP-TASKS-AWAITED legacy→modern]', async () => {
      assert.equal(textOf(await callAsLegacy('slow_compute', { seconds: 0, label: 'z' })), 'computed z');
      assert.equal(textOf(await callAsLegacy('test_stubborn_task')), 'done anyway');
      const failed = await callAsLegacy('failing_job');
      assert.deepEqual([failed.result?.isError, textOf(failed)], [true, 'the job failed'], JSON.stringify(failed));
    });

    test('what a task asks is asked of the client, and its answer goes back [MCP-TASKS-ASK legacy→modern]', async () => {
      const called = await callAsLegacy('test_stubborn_asking_task');
      assert.match(textOf(called), /answered: \{"action":"accept"/, JSON.stringify(called));
      assert.deepEqual(
        called.asked.map(({ method, params }) => [method, params.message]),
        [['elicitation/create', 'Go on?']],
      );
    });

    test('questions before the task, and the task after them', async () => {
      const called = await callAsLegacy('test_tool_with_task');
      assert.match(textOf(called), /Done for .*Ada/, JSON.stringify(called));
    });

    test('a call that is cancelled takes its task with it [MCP-TASKS-CANCELLED legacy→modern]', async (t) => {
      const { client } = await connectLegacy(`${gateway.mcpUrl}/modern`);
      t.after(() => client.close());
      const gone = new AbortController();
      const waiting = client.callTool({ name: 'test_stubborn_endless_task' }, undefined, { signal: gone.signal });
      await untilSummary('"test_stubborn_endless_task working":1');
      gone.abort();
      await assert.rejects(waiting);
      await untilSummary('"test_stubborn_endless_task cancelled":1');
    });

    test('tasks are not offered, neither this extension nor those of 2025-11-25', async (t) => {
      const { client } = await connectLegacy(gateway.mcpUrl);
      t.after(() => client.close());
      const { extensions, tasks } = client.getServerCapabilities() as Json;
      assert.deepEqual([extensions, tasks], [undefined, undefined]);
    });
  });

  for (const client of ['legacy', 'modern'] as Era[])
    test(`${client} client, legacy server: the call is answered with its result, also where a task was asked for [MCP-TASKS-AT-ONCE ${client}→legacy]`, async () => {
      const params = { name: 'slow_compute', arguments: { seconds: 0, label: 'l' }, task: { ttl: 1_000 } };
      const called = await request(gateway, client, 'legacy', 'tools/call', params, { capabilities: KNOWS_TASKS });
      assert.equal(textOf(called), 'computed l', JSON.stringify(called));
    });
});

interface Told {
  readonly method: string;
  readonly params: Json;
}

/** A listen stream: what was agreed to, then each notification in turn. */
async function listen(url: string, key: string, notifications: Json, capabilities: object, signal: AbortSignal) {
  const response = await fetch(url, {
    method: 'POST',
    signal,
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${key}`,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'subscriptions/listen',
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 'listen',
      method: 'subscriptions/listen',
      params: {
        notifications,
        _meta: {
          'io.modelcontextprotocol/protocolVersion': '2026-07-28',
          'io.modelcontextprotocol/clientCapabilities': capabilities,
        },
      },
    }),
  });
  async function* messages(): AsyncGenerator<Told, undefined> {
    let text = '';
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) yield JSON.parse(data) as Told;
      }
    }
  }
  const all = messages();
  const next = async (): Promise<Told> => {
    const { value } = await all.next();
    assert.ok(value !== undefined, 'the stream ended');
    return value;
  };
  const { _meta, ...first } = (await next()).params;
  return { first, next };
}

test('a task outlives a restart of the gateway, but not the loss of its tool [MCP-TASKS-RESTART]', {
  timeout: 60_000,
}, async (t) => {
  const first = await startCells(t);
  const capabilities = KNOWS_TASKS;
  const get = (gateway: StartedGateway, taskId: string) =>
    sendModern({
      url: `${gateway.mcpUrl}/modern`,
      key: KEYS[0],
      method: 'tasks/get',
      params: { taskId },
      capabilities,
    });
  const { result } = await sendModern({
    url: `${first.mcpUrl}/modern`,
    key: KEYS[0],
    method: 'tools/call',
    params: { name: 'slow_compute', arguments: { seconds: 60, label: 'r' } },
    capabilities,
  });
  const taskId = String(result?.taskId);
  await first.stop();

  const second = await startCellsAgain(t, first.config, first.dataDir);
  assert.equal((await get(second, taskId)).result?.status, 'working');
  const [key, ...others] = first.config.keys as Json[];
  await second.writeConfig({ ...first.config, keys: [{ ...key, deny: ['modern/slow_compute'] }, ...others] });
  await waitFor('the key to have lost the tool', async () => {
    const { error } = await get(second, taskId);
    return error?.code === INVALID ? true : undefined;
  });
});
