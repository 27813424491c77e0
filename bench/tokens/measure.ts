/** Plays every task in a mode through a real gateway in agent mode, and gives what the model was sent. */

import { isDeepStrictEqual } from 'node:util';
import type { Definition } from '../../test/support/clients.ts';
import { startGateway } from '../../test/support/gateway.ts';
import { recordedTools } from '../../test/support/recorded-tools.ts';
import { createCleanup } from '../../test/support/temp-dir.ts';
import { createTokenCounter } from './count-tokens.ts';
import { type Mode, SCALES, TOOL_MODES } from './play.ts';
import { type CountedRound, startScriptedModel } from './scripted-model.ts';
import { TASKS, type Task, type TaskCall } from './tasks.ts';
import { startToolServers } from './tool-servers.ts';

/** Nested: each has the servers of the one before. Server counts of the smaller three are 6, 11 and 16. */
const ADDED: { readonly [size: number]: readonly string[] } = {
  96: ['github', 'playwright', 'airtable', 'filesystem', 'slack', 'google_maps'],
  251: ['trello', 'shortcut', 'notion', 'circleci', 'tavily'],
  508: ['gitlab', 'launchdarkly', 'argocd', 'neon', 'elasticsearch'],
};
export const SIZES = [96, 251, 508, 2_054] as const;
export type Size = (typeof SIZES)[number];

export interface TaskRun {
  readonly task: string;
  readonly rounds: readonly CountedRound[];
  /** Levels of tool calls after one another, for the model of latency. */
  readonly toolLevels: number;
}

export interface Measured {
  readonly size: Size;
  readonly mode: Mode;
  readonly runs: readonly TaskRun[];
  /** A task that went otherwise than it must. */
  readonly problems: readonly string[];
}

const KEY = 'pck_bench_tokens_0123456789abcdef';
/** More than any task takes. */
const MAX_ROUNDS = 20;

/** Undefined: the recorded definitions are not at hand. */
export function toolsOf(size: Size): ReadonlyMap<string, readonly Definition[]> | undefined {
  const { servers, origin } = recordedTools();
  if (origin !== 'recorded definitions') return undefined;
  if (size === 2_054) return servers;
  const names = SIZES.filter((each) => each <= size).flatMap((each) => ADDED[each] ?? []);
  return new Map(names.map((name) => [name, servers.get(name) ?? []]));
}

/** Rejects where the gateway does not come up; what goes wrong in a task is a problem of it. */
export async function measure(
  size: Size,
  modes: readonly Mode[],
  onProgress: (text: string) => void,
): Promise<readonly Measured[]> {
  const tools = toolsOf(size);
  if (tools === undefined) throw new Error('the recorded definitions are not at hand');
  const cleanup = createCleanup();
  try {
    const counter = createTokenCounter();
    const servers = await startToolServers(cleanup, tools);
    const model = await startScriptedModel(cleanup, counter);
    const agent = { mode: 'on', auto: ['*'], maxRounds: MAX_ROUNDS };
    const keyOf = (mode: Mode): string => `${KEY}_${TOOL_MODES[mode]}`;
    const gateway = await startGateway(cleanup, {
      config: {
        mcpServers: servers.entries,
        providers: { m: { type: 'openai', baseUrl: model.url, apiKey: 'sk-bench' } },
        keys: [...new Set(modes.map((mode) => TOOL_MODES[mode]))].map((toolMode) => ({
          ...{ name: toolMode, value: `${KEY}_${toolMode}`, allow: ['*'], toolMode, agent },
        })),
      },
    });
    await gateway.healthy();
    const measured: Measured[] = [];
    for (const mode of modes) {
      const runs: TaskRun[] = [];
      const problems: string[] = [];
      for (const task of TASKS) {
        onProgress(`${size} tools, ${mode}: ${task.name}`);
        servers.begin(SCALES[mode]);
        const response = await fetch(`${gateway.url}/v1/chat/completions`, {
          method: 'POST',
          headers: { authorization: `Bearer ${keyOf(mode)}`, 'content-type': 'application/json' },
          body: JSON.stringify({ model: `m/${mode}`, messages: [{ role: 'user', content: task.prompt }] }),
          signal: AbortSignal.timeout(120_000),
        });
        const answer = await response.text();
        const { rounds, problems: seen } = model.take();
        problems.push(...seen);
        if (!answer.includes(JSON.stringify(task.answer)))
          problems.push(`${task.name}, ${mode}: HTTP ${response.status} ${answer.slice(0, 600)}`);
        const wrong = compare(task, servers.calls, mode);
        if (wrong !== undefined) problems.push(`${task.name}, ${mode}: ${wrong}`);
        const toolLevels = mode.startsWith('code')
          ? task.levels.length
          : rounds.filter(({ calls }) => calls > 0).length;
        runs.push({ task: task.name, rounds, toolLevels });
      }
      measured.push({ size, mode, runs, problems });
    }
    return measured;
  } finally {
    await cleanup.run();
  }
}

/** Calls that reached the servers are those of the task; a model that tried once too often may have read something twice. */
function compare(task: Task, calls: readonly TaskCall[], mode: Mode): string | undefined {
  const left = [...calls];
  for (const wanted of task.levels.flat()) {
    const at = left.findIndex((made) => isDeepStrictEqual(made, wanted));
    if (at === -1) return `${wanted.tool}(${JSON.stringify(wanted.args)}) was not called`;
    left.splice(at, 1);
  }
  const surplus = left.filter(
    (made) => mode !== 'code-bad' || !task.levels[0]?.some((first) => first.tool === made.tool),
  );
  return surplus.length === 0 ? undefined : `${surplus[0]?.tool} was called once too often`;
}
