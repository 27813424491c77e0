/** Python: rewrites of what the engine lacks, modules that the host stands in for, and what blocks a script. */

import type { HostAnswer } from '../../contracts/sandbox.ts';
import { hintFor } from '../../domain/codemode/python/hints.ts';
import { callModule, ModuleError } from '../../domain/codemode/python/modules.ts';
import { preludeOf } from '../../domain/codemode/python/prelude.ts';
import { rewritePython, SLEEP } from '../../domain/codemode/python/rewrite-python.ts';
import { plainMessage, weighFinding } from '../../domain/codemode/python/tool-mistakes.ts';
import type { ScriptLanguage } from './script-language.ts';

const SEARCH_NAMESPACE = 'tools';
/** Longer waits are cut: a script waits for tools, not for the clock. */
const MAX_SLEEP_S = 10;

export function createPythonLanguage(): ScriptLanguage {
  return {
    isChecked: true,
    prepare(code, namespaces) {
      const { code: rewritten, helpers, modules } = rewritePython(code, new Set([...namespaces, SEARCH_NAMESPACE]));
      return {
        ...{ code: rewritten, prelude: preludeOf(helpers) },
        globals: new Set([...modules, ...(helpers.has(SLEEP) ? [SLEEP] : [])]),
      };
    },
    isFunction: (name) => name === SLEEP,
    answer({ namespace, method, positional, named }, ambient) {
      const args = JSON.parse(positional) as readonly unknown[];
      if (namespace === '') return method === SLEEP ? sleep(args[0], args[1]) : undefined;
      try {
        const made = callModule(namespace, method, args, JSON.parse(named) as { [name: string]: unknown }, ambient);
        if (made !== undefined) return { type: 'value', value: JSON.stringify(made.value) };
        return raised('AttributeError', `module ${namespace} has no ${method} here`);
      } catch (error) {
        if (error instanceof ModuleError) return raised(error.exception, error.message);
        return raised('ValueError', `${namespace}.${method} cannot do that`);
      }
    },
    hintFor,
    weigh: weighFinding,
    plain: plainMessage,
    keepValue: (global) => `_ = ${global}()`,
  };
}

const raised = (exception: string, message: string): HostAnswer => ({ type: 'error', exception, message });

function sleep(seconds: unknown, result: unknown = null): Promise<HostAnswer> {
  const ms = 1_000 * Math.min(MAX_SLEEP_S, Math.max(0, typeof seconds === 'number' ? seconds : 0));
  return new Promise((resolve) => {
    setTimeout(() => resolve({ type: 'value', value: JSON.stringify(result) }), ms);
  });
}
