/** The fixture's tasks (extension of 2026-07-28): tools that may be answered with a task, and the methods to ask after it. */

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  FixtureError,
  type FixtureIo,
  type FixtureTool,
  form,
  type JsonObject,
  textResult,
} from './fixture-content.ts';

export const TASKS_EXTENSION = 'io.modelcontextprotocol/tasks';
const TTL_MS = 60_000;
const POLL_INTERVAL_MS = 100;

const wait = (ms: number): Promise<void> => sleep(ms, undefined, { ref: false });

function tool(
  name: string,
  description: string,
  run: FixtureTool['run'],
  task?: FixtureTool['task'],
  properties: JsonObject = {},
): FixtureTool {
  const definition = { name, description, inputSchema: { type: 'object', properties } };
  return task === undefined ? { definition, run } : { definition, run, task };
}

const confirm = (key: string, message: string) => ({ [key]: form(message, { confirm: { type: 'boolean' } }) });

export const TASK_TOOLS: readonly FixtureTool[] = [
  tool('greet', 'Greets at once', (args) => textResult(`Hello, ${String(args.name)}!`), undefined, {
    name: { type: 'string' },
  }),
  tool(
    'slow_compute',
    'Takes its time',
    async (args) => {
      await wait(Number(args.seconds ?? 0) * 1_000);
      return textResult(`computed ${String(args.label)}`);
    },
    { support: 'optional' },
    { seconds: { type: 'number' }, label: { type: 'string' } },
  ),
  tool(
    'failing_job',
    'Fails as a tool',
    async () => {
      await wait(300);
      return { result: { content: [{ type: 'text', text: 'the job failed' }], isError: true } };
    },
    { support: 'required' },
  ),
  tool(
    'protocol_error_job',
    'Fails as a request',
    () => {
      throw new FixtureError(-32603, 'The job broke down');
    },
    { support: 'optional' },
  ),
  tool(
    'confirm_delete',
    'Asks before it deletes',
    (args, io) =>
      io.answers.confirm === undefined
        ? { questions: confirm('confirm', `Delete ${String(args.filename)}?`) }
        : textResult(`deleted: ${JSON.stringify(io.answers.confirm)}`),
    { support: 'optional' },
    { filename: { type: 'string' } },
  ),
  tool(
    'multi_input',
    'Asks two things at once',
    (_args, io) =>
      io.answers.first !== undefined && io.answers.second !== undefined
        ? textResult('both answered')
        : { questions: { ...confirm('first', 'First?'), ...confirm('second', 'Second?') } },
    { support: 'optional' },
  ),
  tool(
    'test_tool_with_task',
    'Asks, then goes on as a task',
    (_args, io) => {
      const { content } = (io.answers.user_name ?? {}) as { content?: unknown };
      return content === undefined
        ? { questions: { user_name: form('What is your name?', { name: { type: 'string' } }) } }
        : textResult(`Done for ${JSON.stringify(content)}`);
    },
    { support: 'required', isReady: (io) => io.answers.user_name !== undefined },
  ),
  tool(
    'test_stubborn_task',
    'Is a task whether its client knows tasks or not, and links to a resource',
    async () => {
      await wait(150);
      const link = { type: 'resource_link', uri: 'test://static-text', name: 'static-text' };
      return { result: { content: [{ type: 'text', text: 'done anyway' }, link] } };
    },
    { support: 'always' },
  ),
  tool(
    'test_stubborn_endless_task',
    'Is a task in any case, and never ends',
    async () => {
      await wait(3_600_000);
      return textResult('never');
    },
    { support: 'always' },
  ),
  tool(
    'test_stubborn_asking_task',
    'Is a task in any case, and asks in the middle of it',
    (_args, io) =>
      io.answers.confirm === undefined
        ? { questions: confirm('confirm', 'Go on?') }
        : textResult(`answered: ${JSON.stringify(io.answers.confirm)}`),
    { support: 'always' },
  ),
  tool('test_list_tasks', 'Tells how the tasks of this fixture ended', () => textResult('{}')),
];

interface Task {
  readonly fields: JsonObject;
  status: string;
  /** `result`, `error` or `inputRequests`. */
  more: JsonObject;
  readonly answers: JsonObject;
  resume: () => void;
}

export interface FixtureTasks {
  /** Runs the tool in the background; the answer to its call. */
  create(tool: FixtureTool, args: JsonObject, io: FixtureIo): JsonObject;
  /** Answers `tasks/get`, `tasks/update` or `tasks/cancel`. Throws FixtureError. */
  handle(method: string, params: JsonObject): JsonObject;
  /** Each tool's tasks by their status. */
  summary(): JsonObject;
}

export function declaresTasks(capabilities: JsonObject): boolean {
  return (capabilities.extensions as JsonObject | undefined)?.[TASKS_EXTENSION] !== undefined;
}

export function needTasks(): FixtureError {
  const requiredCapabilities = { extensions: { [TASKS_EXTENSION]: {} } };
  return new FixtureError(-32021, 'Missing required client capability', { requiredCapabilities });
}

const isOver = ({ status }: Task): boolean => status !== 'working' && status !== 'input_required';

export function createFixtureTasks(onChange: (taskId: string, task: JsonObject) => void): FixtureTasks {
  const tasks = new Map<string, Task & { readonly toolName: string }>();

  const detail = (id: string, task: Task): JsonObject => ({
    taskId: id,
    status: task.status,
    ...task.fields,
    ...task.more,
  });
  const become = (id: string, task: Task, status: string, more: JsonObject): void => {
    if (isOver(task)) return;
    task.status = status;
    task.more = more;
    onChange(id, detail(id, task));
  };

  const work = async (id: string, task: Task, found: FixtureTool, args: JsonObject, io: FixtureIo): Promise<void> => {
    try {
      while (!isOver(task)) {
        const turn = await found.run(args, { ...io, answers: task.answers });
        if ('result' in turn) return become(id, task, 'completed', { result: turn.result });
        const { promise, resolve } = Promise.withResolvers<void>();
        task.resume = resolve;
        become(id, task, 'input_required', { inputRequests: turn.questions });
        await promise;
      }
    } catch (error) {
      const { code = -32603, message } = error as { code?: number; message: string };
      become(id, task, 'failed', { error: { code, message } });
    }
  };

  return {
    create(found, args, io) {
      const id = `task/${randomUUID()} ü`;
      const now = new Date().toISOString();
      const fields = { createdAt: now, lastUpdatedAt: now, ttlMs: TTL_MS, pollIntervalMs: POLL_INTERVAL_MS };
      const toolName = found.definition.name;
      const task = { toolName, fields, status: 'working', more: {}, answers: { ...io.answers }, resume: () => {} };
      tasks.set(id, task);
      void work(id, task, found, args, io);
      return { resultType: 'task', taskId: id, status: 'working', ...fields };
    },
    handle(method, params) {
      const id = String(params.taskId);
      const task = tasks.get(id);
      if (task === undefined) throw new FixtureError(-32602, `Unknown task ${id}`);
      if (method === 'tasks/get') return { resultType: 'complete', ...detail(id, task) };
      if (method === 'tasks/cancel') become(id, task, 'cancelled', {});
      else if (task.status === 'input_required') {
        const open = { ...(task.more.inputRequests as JsonObject) };
        for (const [key, answer] of Object.entries((params.inputResponses ?? {}) as JsonObject)) {
          if (open[key] === undefined) continue;
          task.answers[key] = answer;
          delete open[key];
        }
        if (Object.keys(open).length > 0) task.more = { inputRequests: open };
        else {
          become(id, task, 'working', {});
          task.resume();
        }
      }
      return { resultType: 'complete' };
    },
    summary() {
      const counts: { [key: string]: number } = {};
      for (const { toolName, status } of tasks.values()) {
        const key = `${toolName} ${status}`;
        counts[key] = (counts[key] ?? 0) + 1;
      }
      return counts;
    },
  };
}
