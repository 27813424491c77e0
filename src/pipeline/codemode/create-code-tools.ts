/** Modes and the gateway's own tools for one configuration: put together from what outlives it. */

import type { Call, Gateway } from '../../contracts/call.ts';
import { CODE_MODE, type CodeModeConfig, type CodeStateStore } from '../../contracts/codemode.ts';
import type { Sandboxes } from '../../contracts/sandbox.ts';
import type { RecordSealer } from '../../contracts/sealing.ts';
import type { HintsOf } from '../../domain/policy/tool-hints.ts';
import type { Catalog } from '../../domain/tools/catalog.ts';
import { createAgentRulesOf } from '../agent/agent-rules-of.ts';
import type { LastStep } from '../compile.ts';
import { callerOf, type GrantOf } from '../grants.ts';
import { type CodeMode, createCodeMode } from './code-mode.ts';
import type { CodeTool } from './code-view.ts';
import { createCodeViews } from './code-views.ts';
import { createJavaScriptLanguage } from './javascript-language.ts';
import { createKeptStates } from './kept-states.ts';
import { type LearntByTenant, tenantOf } from './learnt-shapes.ts';
import { createMetaTools } from './meta-tools.ts';
import { createPythonLanguage } from './python-language.ts';
import { createScriptRuns } from './run-scripts.ts';

/** What outlives configurations. */
export interface CodeRoom {
  readonly learnt: LearntByTenant;
  /** Where variables are while nothing may be stored. */
  readonly memory: CodeStateStore;
}

export interface CodeToolsDeps extends CodeRoom {
  readonly grantOf: GrantOf;
  readonly catalog: () => Catalog;
  readonly hintsOf: HintsOf;
  /** Undefined: no scripts run here. */
  readonly sandboxes: Sandboxes | undefined;
  readonly states: CodeStateStore | undefined;
  readonly sealer: RecordSealer | undefined;
  readonly enter: Pick<Gateway, 'call'> | undefined;
  readonly newId: () => string;
  readonly randomHex: ((digits: number) => string) | undefined;
  readonly random: () => number;
  readonly now: () => number;
  readonly monotonicMs: () => number;
}

export interface CodeTools {
  readonly codeMode: CodeMode;
  readonly answer: LastStep;
}

export function createCodeTools(deps: CodeToolsDeps, config: CodeModeConfig = CODE_MODE): CodeTools {
  const { sandboxes, enter, randomHex, learnt } = deps;
  const mayRun = sandboxes !== undefined && enter !== undefined && randomHex !== undefined;
  const dialect = () => (mayRun ? sandboxes.dialect() : undefined);
  const views = createCodeViews({ catalog: deps.catalog, dialect, learnt });
  const codeMode = createCodeMode({ ...deps, views, config, dialect });
  const { viewOf } = codeMode;
  const languages = { python: createPythonLanguage(), javascript: createJavaScriptLanguage() };
  const scripts = mayRun
    ? createScriptRuns({
        ...{ sandboxes, enter, randomHex, viewOf, config, newId: deps.newId, random: deps.random },
        ...{ now: deps.now, monotonicMs: deps.monotonicMs, hindranceOf: createHindranceOf(deps.hintsOf) },
        languageOf: (dialect) => languages[dialect],
        states: createKeptStates({ store: deps.states, memory: deps.memory, sealer: deps.sealer, now: deps.now }),
        learn(call, { item }, value) {
          if (config.learnShapes) learnt.ofTenant(tenantOf(call)).learn(item, value);
        },
      })
    : undefined;
  return { codeMode, answer: createMetaTools({ viewOf, scripts, config }) };
}

/** What the gateway runs for a model without its caller is bound by the key's agent rules, also in a script. */
function createHindranceOf(hintsOf: HintsOf) {
  const rulesOf = createAgentRulesOf();
  return (call: Call, { item: { serverId, name, tool } }: CodeTool): string | undefined => {
    if (call.surface !== 'agent') return undefined;
    const hindrance = rulesOf(callerOf(call))?.hindranceOf(serverId, name, hintsOf(serverId, name, tool?.text ?? '{}'));
    return hindrance && 'agent mode may not run this tool by itself; ask the user to run the script';
  };
}
