/** The gateway's own tools: what they answer. */

import type { Call, McpOutcome } from '../../contracts/call.ts';
import type { CodeModeConfig } from '../../contracts/codemode.ts';
import { GatewayError } from '../../contracts/errors.ts';
import { renderReport } from '../../domain/codemode/run-report.ts';
import { isObject } from '../../lib/is-object.ts';
import { paramsOf } from '../intent.ts';
import type { CodeView } from './code-view.ts';
import type { ScriptRun, ScriptRuns } from './run-scripts.ts';

const DEFAULT_LIMIT = 8;
const MAX_LIMIT = 50;
const MAX_NAMES = 20;

/** Of our own in `_meta` of the answer of `run_code`: for programs, which should not have to read prose. */
const EXECUTION_KEY = 'portcullis.dev/execution';

export interface MetaToolsDeps {
  readonly viewOf: (call: Call) => CodeView;
  /** Undefined: no scripts run here. */
  readonly scripts: ScriptRuns | undefined;
  readonly config: Pick<CodeModeConfig, 'maxResultTokens'>;
}

type Arguments = { readonly [name: string]: unknown };

/** Answers a call whose `facts.meta` says that it is one. Mistakes in its arguments are told to the model. */
export function createMetaTools(deps: MetaToolsDeps): (call: Call) => McpOutcome | Promise<McpOutcome> {
  const search = (call: Call, args: Arguments, problems: string[]): McpOutcome => {
    const wish = {
      ...{ query: textOf(args, 'query', problems), server: textOf(args, 'server', problems) },
      ...{ names: namesOf(args, problems), limit: limitOf(args, problems) },
    };
    return problems.length > 0 ? said(problems.join('; '), true) : said(deps.viewOf(call).search(wish), false);
  };

  const run = async (call: Call, args: Arguments, problems: string[]): Promise<McpOutcome> => {
    if (deps.scripts === undefined) throw new GatewayError('sandbox_unavailable');
    const code = textOf(args, 'code', problems);
    const session = textOf(args, 'session', problems);
    const resume = textOf(args, 'resume', problems);
    if (code === undefined && resume === undefined) problems.push('code: the script to run is missing');
    if (problems.length > 0) return said(problems.join('; '), true);
    if (resume !== undefined) return answer(call, await deps.scripts.resume(call, resume));
    return answer(call, await deps.scripts.run(call, { code: code ?? '', session }));
  };

  const answer = (call: Call, { report, media }: ScriptRun): McpOutcome => {
    const { end, calls } = report;
    const text = renderReport(report, deps.config.maxResultTokens);
    const isError = end.type === 'error' || end.type === 'type-error';
    const execution = {
      ...{ status: end.type, calls, runId: call.facts.runId },
      ...(end.type === 'approval' && { executionId: end.executionId, waiting: end.waiting }),
    };
    const blocks = [JSON.stringify({ type: 'text', text }), ...media.map(({ block }) => block)];
    return {
      ...{ type: 'result', isError },
      text: `{"content":[${blocks.join(',')}],"isError":${isError},"_meta":${JSON.stringify({ [EXECUTION_KEY]: execution })}}`,
    };
  };

  return (call) => {
    const given = paramsOf(call).value.arguments;
    const args = given === undefined ? {} : given;
    if (!isObject(args)) throw new GatewayError('invalid_params', 'arguments: must be an object');
    switch (call.facts.meta) {
      case 'search_tools':
        return search(call, args, []);
      case 'run_code':
        return run(call, args, []);
      // It is the tool that it names by now.
      default:
        throw new GatewayError('internal', 'no tool of the gateway');
    }
  };
}

const said = (text: string, isError: boolean): McpOutcome => ({
  ...{ type: 'result', isError },
  text: JSON.stringify({ content: [{ type: 'text', text }], isError }),
});

function textOf(args: Arguments, name: string, problems: string[]): string | undefined {
  const value = args[name];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  problems.push(`${name}: must be a string`);
  return undefined;
}

function namesOf(args: Arguments, problems: string[]): readonly string[] {
  const { names } = args;
  if (names === undefined || names === null) return [];
  const list = typeof names === 'string' ? [names] : names;
  if (!Array.isArray(list) || !list.every((name) => typeof name === 'string'))
    problems.push('names: must be a list of names of tools');
  else if (list.length > MAX_NAMES) problems.push(`names: at most ${MAX_NAMES} at once`);
  else return list;
  return [];
}

function limitOf(args: Arguments, problems: string[]): number {
  const { limit } = args;
  if (limit === undefined || limit === null) return DEFAULT_LIMIT;
  if (typeof limit === 'number' && Number.isFinite(limit)) return Math.min(MAX_LIMIT, Math.max(1, Math.trunc(limit)));
  problems.push('limit: must be a number');
  return DEFAULT_LIMIT;
}
