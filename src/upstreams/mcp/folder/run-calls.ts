/** Runs the calls that reach the host: checks arguments, hands over to the handler, answers; nothing a handler does ends the loop. */

import { isObject } from '../../../lib/is-object.ts';
import type { HostWord } from './host-words.ts';
import type { LoadedTool } from './read-tool.ts';
import { type CallResult, messageOf, renderFailure, renderResult } from './render-result.ts';
import type { LogLevel, ToolContext } from './tool.ts';

/** Handlers under way at once, those that nobody waits for any more included. */
const MAX_RUNNING = 256;
/** So many handlers that ignored being given up, and the process has to be replaced. */
const MAX_ABANDONED = 64;
const PREFIX = 'io.modelcontextprotocol/';
const LEVELS: readonly unknown[] = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'];

export interface RunCallsDeps {
  readonly tools: ReadonlyMap<string, LoadedTool>;
  readonly say: (word: HostWord) => void;
  /** An answer, JSON-RPC. */
  readonly answer: (text: string) => void;
  /** For the operator. */
  readonly note: (text: string) => void;
}

interface Running {
  readonly id: number;
  readonly cancel: AbortController;
  isAbandoned: boolean;
}

/** Takes one JSON-RPC message: `tools/call` or `notifications/cancelled`. */
export function createCallRunner(deps: RunCallsDeps): (message: { readonly [member: string]: unknown }) => void {
  const running = new Map<number, Running>();
  let abandoned = 0;

  const call = async (id: number, params: { readonly [name: string]: unknown }): Promise<void> => {
    const tool = deps.tools.get(String(params.name));
    if (tool === undefined) return refuse(id, -32602, 'Unknown tool');
    if (running.size >= MAX_RUNNING)
      return refuse(id, -32603, `more than ${MAX_RUNNING} calls of hosted tools are running`);
    const entry: Running = { id, cancel: new AbortController(), isAbandoned: false };
    running.set(id, entry);
    try {
      const result = await run(tool, entry, params);
      const text = JSON.stringify({ jsonrpc: '2.0', id, result });
      if (!entry.isAbandoned) deps.answer(text);
    } catch (error) {
      deps.note(`${tool.name}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      if (!entry.isAbandoned)
        deps.answer(JSON.stringify({ jsonrpc: '2.0', id, result: renderFailure(messageOf(error)) }));
    } finally {
      running.delete(id);
      if (entry.isAbandoned) abandoned--;
    }
  };
  const refuse = (id: number, code: number, message: string): void =>
    deps.answer(JSON.stringify({ jsonrpc: '2.0', id, error: { code, message } }));

  const run = async (
    tool: LoadedTool,
    entry: Running,
    params: { readonly [name: string]: unknown },
  ): Promise<CallResult> => {
    const args = params.arguments ?? {};
    const { id } = entry;
    let value: unknown = args;
    if (tool.input !== undefined) {
      const checked = await tool.input.check(args);
      if ('issues' in checked) return renderFailure(`Invalid arguments: ${checked.issues}`);
      value = checked.value;
    }
    deps.say({ host: 'begun', id });
    let returned: unknown;
    try {
      returned = tool.handler(value, createContext(deps, tool, entry, params));
    } finally {
      deps.say({ host: 'yielded', id });
    }
    return renderResult(tool, await returned);
  };

  return (message) => {
    const { id, method } = message;
    const params = isObject(message.params) ? message.params : {};
    if (method === 'tools/call' && typeof id === 'number') void call(id, params);
    if (method !== 'notifications/cancelled') return;
    const entry = running.get(Number(params.requestId));
    if (entry === undefined || entry.isAbandoned) return;
    entry.isAbandoned = true;
    abandoned++;
    entry.cancel.abort(new Error('the call was given up'));
    // Whoever heeds the signal is gone by the next turn of the loop.
    if (abandoned >= MAX_ABANDONED)
      setImmediate(() => {
        if (abandoned >= MAX_ABANDONED)
          deps.say({ host: 'worn', reason: `${abandoned} handlers do not end although they were cancelled` });
      });
  };
}

function createContext(
  deps: RunCallsDeps,
  tool: LoadedTool,
  entry: Running,
  params: { readonly [name: string]: unknown },
): ToolContext {
  const { id } = entry;
  const meta = isObject(params._meta) ? params._meta : {};
  const { progressToken } = meta;
  const wanted = LEVELS.indexOf(meta[`${PREFIX}logLevel`]);
  const info = meta[`${PREFIX}clientInfo`];
  const tell = (method: string, content: object): void => {
    if (!entry.isAbandoned) deps.say({ host: 'for', id, message: { jsonrpc: '2.0', method, params: content } });
  };
  return {
    signal: entry.cancel.signal,
    log(level: LogLevel, message: string, data?: unknown) {
      deps.note(`${tool.name} ${level}: ${message}${data === undefined ? '' : ` ${asJson(data)}`}`);
      if (wanted === -1 || LEVELS.indexOf(level) < wanted) return;
      const content = data === undefined ? message : { message, data: JSON.parse(asJson(data)) };
      tell('notifications/message', { level, logger: tool.name, data: content });
    },
    progress(done, total, message) {
      if (progressToken === undefined || !Number.isFinite(done)) return;
      const content = {
        progressToken,
        progress: done,
        ...(total === undefined || !Number.isFinite(total) ? {} : { total }),
        ...(message === undefined ? {} : { message: String(message) }),
      };
      tell('notifications/progress', content);
    },
    caller: isObject(info) ? { name: String(info.name ?? ''), version: String(info.version ?? '') } : undefined,
  };
}

function asJson(data: unknown): string {
  try {
    return JSON.stringify(data) ?? 'null';
  } catch {
    return '"[cannot be written as JSON]"';
  }
}
