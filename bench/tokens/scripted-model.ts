/** A pretended provider in OpenAI's wire whose model plays the tasks, and counts the tokens of each request that reaches it. */

import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import type { Cleanup } from '../../test/support/temp-dir.ts';
import type { TokenCounter } from './count-tokens.ts';
import { MODES, type Mode, roundsOf } from './play.ts';
import { TASKS, type Task } from './tasks.ts';

/** One request of a conversation. */
export interface CountedRound {
  readonly toolTokens: number;
  readonly messageTokens: number;
  readonly outputTokens: number;
  /** Of the request before it in the same conversation: what a provider that caches prompts has read already. */
  readonly cachedTokens: number;
  /** Calls of tools made in it; 0: the answer. */
  readonly calls: number;
}

export interface ScriptedModel {
  /** For `baseUrl`. */
  readonly url: string;
  /** Rounds of the conversation that was played last. */
  take(): { readonly rounds: readonly CountedRound[]; readonly problems: readonly string[] };
}

interface Message {
  readonly role: string;
  readonly content?: unknown;
  readonly tool_calls?: unknown;
}
interface Request {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools?: readonly { readonly function: { readonly name: string } }[];
}

export async function startScriptedModel(cleanup: Cleanup, counter: TokenCounter): Promise<ScriptedModel> {
  let rounds: CountedRound[] = [];
  let problems: string[] = [];
  let made = 0;

  const play = ({ model, messages, tools = [] }: Request): object => {
    const mode = MODES.find((each) => each === model);
    const prompt = messages.find(({ role }) => role === 'user')?.content;
    const task = TASKS.find((each) => each.prompt === prompt);
    if (mode === undefined || task === undefined) throw new Error(`nobody plays "${model}" here`);
    const round = messages.filter(({ role }) => role === 'assistant').length;
    const said = roundsOf(task, mode)[round];
    const offered = new Set(tools.map((tool) => tool.function.name));
    for (const { name } of said ?? [])
      if (!offered.has(name)) problems.push(`${task.name}, ${mode}: ${name} is not offered`);
    if (round > 0) problems.push(...missing(task, mode, round, messages));
    const message =
      said === undefined
        ? { role: 'assistant', content: task.answer }
        : {
            ...{ role: 'assistant', content: null },
            tool_calls: said.map(({ name, args }) => ({
              ...{ id: `call_${++made}`, type: 'function' },
              function: { name, arguments: JSON.stringify(args) },
            })),
          };
    const toolTokens = tools.length === 0 ? 0 : counter.of(tools);
    const messageTokens = messages.reduce((sum, each) => sum + counter.of(each), 0);
    const before = rounds.at(-1);
    rounds.push({
      ...{ toolTokens, messageTokens, outputTokens: counter.of(said === undefined ? message.content : message) },
      cachedTokens: before === undefined ? 0 : before.toolTokens + before.messageTokens,
      calls: said?.length ?? 0,
    });
    return {
      ...{ id: `chatcmpl-${made}`, object: 'chat.completion', created: 1_790_000_000, model },
      choices: [{ index: 0, message, finish_reason: said === undefined ? 'stop' : 'tool_calls' }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    };
  };

  const server = createServer((request, response) => {
    void (async () => {
      const body = JSON.stringify(play((await json(request)) as Request));
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    })().catch((error: unknown) => {
      problems.push(String(error));
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{"message":"not in the script"}}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanup.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/v1`,
    take() {
      const taken = { rounds, problems };
      rounds = [];
      problems = [];
      return taken;
    },
  };
}

/** A model calls only what its search has shown it. */
function missing(task: Task, mode: Mode, round: number, messages: readonly Message[]): string[] {
  const searchRounds = mode === 'code-bad' ? 2 : 1;
  if (mode.startsWith('classic') || round !== searchRounds) return [];
  const seen = messages
    .filter(({ role }) => role === 'tool')
    .map(({ content }) => String(content))
    .join('\n');
  const tools = new Set(task.levels.flatMap((level) => level.map(({ tool }) => tool.replace('/', '.'))));
  return [...tools].flatMap((tool) =>
    seen.includes(`${tool}(`) ? [] : [`${task.name}, ${mode}: the search does not show ${tool}`],
  );
}
