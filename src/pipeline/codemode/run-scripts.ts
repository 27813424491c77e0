/** Runs scripts: a sandbox for each, variables of the session before and after, and a script that waits for a person put away until then. */

import type { Call } from '../../contracts/call.ts';
import type { CodeModeConfig } from '../../contracts/codemode.ts';
import { GatewayError } from '../../contracts/errors.ts';
import type { JsonText } from '../../contracts/json.ts';
import type {
  SandboxDialect,
  SandboxEngine,
  Sandboxes,
  SandboxSession,
  SandboxTurn,
  TypeDiagnostic,
} from '../../contracts/sandbox.ts';
import { cutValue, type RunReport, type ScriptCall, type ScriptEnd } from '../../domain/codemode/run-report.ts';
import { type MediaBlock, mediaIn } from '../../domain/codemode/unwrap-result.ts';
import { endpointKey } from '../../domain/tools/resolve.ts';
import { callerOf } from '../grants.ts';
import type { CodeView } from './code-view.ts';
import { createTurns } from './in-turn.ts';
import { createKeptSessions, dumpOf } from './kept-sessions.ts';
import type { KeptStates } from './kept-states.ts';
import { createScriptHost, type HostDeps, type OpenCall, type RunTrace, type ScriptHost } from './script-host.ts';
import type { PreparedScript, ScriptLanguage } from './script-language.ts';
import { type SessionName, sessionNameOf } from './session-name.ts';
import { withAbort } from './with-abort.ts';

export interface RunScriptsDeps extends HostDeps {
  readonly sandboxes: Sandboxes;
  readonly states: KeptStates;
  readonly config: CodeModeConfig;
  /** As of now: an engine may be chosen anew while the gateway runs. */
  readonly languageOf: (dialect: SandboxDialect) => ScriptLanguage;
  readonly viewOf: (call: Call) => CodeView;
  readonly randomHex: (digits: number) => string;
}

export interface ScriptRun {
  readonly report: RunReport;
  /** Blocks whose handles are in the value. */
  readonly media: readonly MediaBlock[];
}

export interface ScriptRuns {
  /** `session`: under which name variables are kept; undefined: that of the conversation, or a new one. Throws what a sandbox does. */
  run(call: Call, script: { readonly code: string; readonly session: string | undefined }): Promise<ScriptRun>;
  /** Throws GatewayError `unknown_execution`, and what a sandbox does. */
  resume(call: Call, executionId: string): Promise<ScriptRun>;
}

/** A script that waits: all that another process needs to go on. */
interface Suspended {
  readonly engine: string;
  readonly dump: string;
  readonly endpoint: string;
  readonly runId: string;
  readonly session: SessionName;
  readonly code: string;
  readonly calls: readonly ScriptCall[];
  readonly open: readonly OpenCall[];
  readonly media: readonly MediaBlock[];
}

const ID_DIGITS = 24;
const KEEP_VALUE = '__portcullis_value';
/** Of media that are put away with a script; larger ones are gone when it goes on. */
const MAX_KEPT_MEDIA_CHARS = 524_288;

export function createScriptRuns(deps: RunScriptsDeps): ScriptRuns {
  const { config, states, sandboxes } = deps;
  const inTurn = createTurns();

  const sessions = createKeptSessions({ states, now: deps.now, keepMs: config.keepSessionsMs });

  const suspend = async (run: Running, executionId: string): Promise<boolean> => {
    const { call, session, engine, trace } = run;
    const dump = await dumpOf(session);
    if (dump === undefined) return false;
    const media = [...trace.media.values()];
    const kept: Suspended = {
      ...{ engine: engine.version, dump: dump.toString('base64'), endpoint: endpointKey(call.endpoint) },
      ...{ runId: run.runId, session: run.name, code: run.code, calls: trace.calls, open: [...trace.open.values()] },
      media: media.reduce((sum, { block }) => sum + block.length, 0) > MAX_KEPT_MEDIA_CHARS ? [] : media,
    };
    return states.put({
      ...{ id: executionId, kind: 'suspended', keyId: callerOf(call).keyId, text: JSON.stringify(kept) },
      expiresAtMs: deps.now() + config.keepSuspendedMs,
    });
  };

  const finish = async (run: Running, turn: SandboxTurn): Promise<ScriptRun> => {
    const { call, trace, code, language } = run;
    let end: ScriptEnd;
    let keepsValue = false;
    let keeps = false;
    switch (turn.type) {
      case 'complete': {
        end = { type: 'ok', value: turn.value };
        const isCut = cutValue(turn.value, config.maxResultTokens).cuts.length > 0;
        keepsValue = isCut && (await keepValue(run, turn.value));
        keeps = await sessions.keep(call, run.name.name, run.engine, run.session);
        break;
      }
      case 'failed': {
        const error = language.plainError(turn.error);
        const sourceLine = error.line === undefined ? undefined : code.split('\n')[error.line - 1];
        end = { type: 'error', error, sourceLine, hint: language.hintFor(error, code, run.view.namespaces()) };
        // What it had set before it failed is there for the next try.
        keeps = await sessions.keep(call, run.name.name, run.engine, run.session);
        break;
      }
      case 'suspended':
        end = await suspendedEnd(run);
    }
    const report: RunReport = {
      ...{ end, printed: trace.printed, calls: trace.calls, keepsValue: keepsValue && keeps },
      warnings: weighing(run, 'remark'),
      sessionId: keeps ? run.name.told : undefined,
    };
    return { report, media: end.type === 'ok' ? mediaIn(end.value, trace.media) : [] };
  };

  /** Nothing of it ran. */
  const blocked = (mistakes: readonly TypeDiagnostic[]): ScriptRun => ({
    report: {
      ...{ end: { type: 'type-error', diagnostics: mistakes }, printed: '', calls: [], warnings: [] },
      ...{ keepsValue: false, sessionId: undefined },
    },
    media: [],
  });

  const suspendedEnd = async (run: Running): Promise<ScriptEnd> => {
    const executionId = run.executionId ?? `exe_${deps.randomHex(ID_DIGITS)}`;
    const open = [...run.trace.open.values()];
    const waiting = open.map(({ namespace, method, arguments: args, approvalId }) => ({
      ...{ tool: `${namespace}.${method}`, arguments: args, approvalId },
    }));
    if (await suspend(run, executionId)) {
      run.call.facts.suspended = { executionId, approvals: open.map(({ approvalId }) => approvalId) };
      return { type: 'approval', executionId, waiting };
    }
    const message = `${waiting.map(({ tool }) => tool).join(', ')} needs an approval, and what the script holds is too large to be put away until then`;
    const error = { kind: 'limit', limit: 'maxDumpBytes', exception: 'PermissionError', message } as const;
    return {
      ...{ type: 'error', error: { ...error, line: undefined, traceback: undefined } },
      ...{ sourceLine: undefined, hint: 'keep less in variables before such a call' },
    };
  };

  const keepValue = async ({ session, language, host }: Running, value: JsonText): Promise<boolean> => {
    const only: ScriptHost = {
      ...host,
      has: () => false,
      names: () => [KEEP_VALUE],
      isFunction: (name) => name === KEEP_VALUE,
      call: (of) =>
        of.method === KEEP_VALUE
          ? { type: 'value', value }
          : { type: 'error', exception: 'NameError', message: of.method },
    };
    const turn = await session.run(language.keepValue(KEEP_VALUE), only, new AbortController().signal);
    return turn.type === 'complete';
  };

  /** `signal`: of this run; calls of tools that a script leaves behind end with it. */
  const begin = (
    call: Call,
    signal: AbortSignal,
    engine: SandboxEngine,
    of: Pick<Running, 'code' | 'name' | 'runId' | 'trace'>,
  ) => {
    const language = deps.languageOf(engine.dialect);
    const view = deps.viewOf(call);
    const prepared = language.prepare(of.code, view.namespaces());
    const host = createScriptHost(
      deps,
      {
        ...{ call, runId: of.runId, signal, view, language, globals: prepared.globals, taken: prepared.taken },
        ...{ maxPrintBytes: config.limits.maxPrintBytes, maxParallelCalls: config.limits.maxParallelCalls },
      },
      of.trace,
    );
    return { ...of, call, engine, language, host, prepared, view };
  };

  return {
    async run(call, { code, session: wanted }) {
      const engine = await sandboxes.engine();
      const name = sessionNameOf(call, wanted, deps.randomHex);
      const runId = call.runId ?? call.facts.suggestion?.runId ?? call.id;
      call.facts.runId ??= runId;
      return inTurn(sessions.idOf(call, name.name), () =>
        withAbort(call.signal, async (signal) => {
          const dump = await sessions.find(call, name.name, engine.version);
          const begun = begin(call, signal, engine, { code, name, runId, trace: newTrace() });
          const { prepared, view, host, language } = begun;
          const stubs = config.check && language.isChecked ? view.stubs(prepared.code) : undefined;
          const check = stubs === undefined ? undefined : { code: prepared.code, stubs };
          const session = await engine.open({ limits: config.limits, dump, check, signal });
          return endAfter(session, async () => {
            const running = { ...begun, session, executionId: undefined };
            const mistakes = weighing(running, 'mistake');
            if (mistakes.length > 0) return blocked(mistakes);
            if (prepared.prelude !== undefined) {
              const ready = await session.run(prepared.prelude, host, signal);
              if (ready.type !== 'complete') return finish(running, ready);
            }
            return finish(running, await session.run(prepared.code, host, signal));
          });
        }),
      );
    },

    async resume(call, executionId) {
      const engine = await sandboxes.engine();
      const { keyId } = callerOf(call);
      const found = await states.find(executionId, 'suspended', keyId);
      const saved = found === undefined ? undefined : (JSON.parse(found) as Suspended);
      if (saved === undefined || saved.endpoint !== endpointKey(call.endpoint))
        throw new GatewayError('unknown_execution', executionId);
      call.facts.runId = saved.runId;
      return withAbort(call.signal, async (signal) => {
        const limits = { ...config.limits, maxCalls: Math.max(1, config.limits.maxCalls - saved.calls.length) };
        const dump = Buffer.from(saved.dump, 'base64');
        if (saved.engine !== engine.version) throw new GatewayError('sandbox_state_invalid', 'the engine was updated');
        const session = await engine.open({ limits, dump, signal });
        return endAfter(session, async () => {
          // From here on it is ours alone: what it does next is done once, or never known.
          if ((await states.take(executionId, 'suspended', keyId)) === undefined)
            throw new GatewayError('unknown_execution', `${executionId} goes on elsewhere already`);
          const trace = { ...newTrace(), calls: [...saved.calls] };
          for (const block of saved.media) trace.media.set(block.name, block);
          const { code, runId, session: name } = saved;
          const begun = begin(call, signal, engine, { code, name, runId, trace });
          const answers = new Map(saved.open.map((open) => [open.id, begun.host.callAgain(open)]));
          const turn = await session.resume(answers, begun.host, signal);
          return finish({ ...begun, session, executionId }, turn);
        });
      });
    },
  };
}

/** The sandbox is gone after that, however it ends. */
async function endAfter<T>(session: SandboxSession, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await session[Symbol.asyncDispose]();
  }
}

/** A script under way. */
interface Running {
  readonly call: Call;
  readonly engine: SandboxEngine;
  readonly session: SandboxSession;
  readonly language: ScriptLanguage;
  readonly view: CodeView;
  readonly prepared: PreparedScript;
  readonly host: ScriptHost;
  readonly name: SessionName;
  readonly runId: string;
  readonly code: string;
  readonly trace: RunTrace;
  /** That it had when it waited before. */
  readonly executionId: string | undefined;
}

const newTrace = (): RunTrace => ({ calls: [], open: new Map(), media: new Map(), mediaBytes: 0, printed: '' });

/** What the check found of that weight, without words that only the declarations use. */
const weighing = (
  { language, session, view, prepared }: Running,
  weight: 'mistake' | 'remark',
): readonly TypeDiagnostic[] =>
  session.findings
    .filter((finding) => language.weigh(finding, prepared.code) === weight)
    .map((finding) => ({ ...finding, message: language.plain(finding.message, view.nearest) }));
