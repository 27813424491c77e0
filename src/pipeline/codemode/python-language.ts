/** Python: rewrites of what the engine lacks, modules that the host stands in for, and what blocks a script. */

import { createHash } from 'node:crypto';
import type { HostAnswer } from '../../contracts/sandbox.ts';
import { hintFor } from '../../domain/codemode/python/hints.ts';
import { callModule, ModuleError } from '../../domain/codemode/python/modules.ts';
import { plainError } from '../../domain/codemode/python/plain-error.ts';
import { RAISED_MEMBER } from '../../domain/codemode/python/prelude/concurrency.ts';
import { preludeOf } from '../../domain/codemode/python/prelude.ts';
import { DIGEST, rewritePython, SLEEP } from '../../domain/codemode/python/rewrite-python.ts';
import { plainMessage, weighFinding } from '../../domain/codemode/python/tool-mistakes.ts';
import type { ScriptLanguage } from './script-language.ts';

const SEARCH_NAMESPACE = 'tools';
/** Longer waits are cut: a script waits for tools, not for the clock. */
const MAX_SLEEP_S = 10;

export function createPythonLanguage(): ScriptLanguage {
  return {
    isChecked: true,
    prepare(code, namespaces) {
      const script = rewritePython(code, new Set([...namespaces, SEARCH_NAMESPACE]));
      return {
        ...{ code: script.code, prelude: beginning(script.forgotten, preludeOf(script.helpers)) },
        globals: new Set([...script.modules, ...FUNCTIONS]),
        taken: script.takesErrors ? asValue : (answer) => answer,
      };
    },
    isFunction: (name) => FUNCTIONS.has(name),
    answer({ namespace, method, positional, named }, ambient) {
      const args = JSON.parse(positional) as readonly unknown[];
      if (namespace === '')
        return method === SLEEP ? sleep(args[0], args[1]) : method === DIGEST ? digest(args[0], args[1]) : undefined;
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
    plainError,
    plain: plainMessage,
    keepValue: (global) => `_ = ${global}()`,
  };
}

const FUNCTIONS: ReadonlySet<string> = new Set([SLEEP, DIGEST]);

/** The helpers of the prelude raise it where the script waits. */
const asValue = (answer: HostAnswer): HostAnswer =>
  answer.type === 'error'
    ? { type: 'value', value: JSON.stringify({ [RAISED_MEMBER]: [answer.exception, answer.message] }) }
    : answer;

/** Of bytes as base64, in hexadecimal. */
function digest(name: unknown, base64: unknown): HostAnswer {
  try {
    const hash = createHash(String(name)).update(Buffer.from(String(base64), 'base64'));
    return { type: 'value', value: JSON.stringify(hash.digest('hex')) };
  } catch {
    return raised('ValueError', `unsupported hash type ${String(name)}`);
  }
}

/** Undefined: nothing has to be there. */
function beginning(modules: readonly string[], prelude: string | undefined): string | undefined {
  if (modules.length === 0) return prelude;
  return `${modules.map((name) => `import ${name}\n`).join('')}${prelude ?? ''}`;
}

const raised = (exception: string, message: string): HostAnswer => ({ type: 'error', exception, message });

function sleep(seconds: unknown, result: unknown = null): Promise<HostAnswer> {
  const ms = 1_000 * Math.min(MAX_SLEEP_S, Math.max(0, typeof seconds === 'number' ? seconds : 0));
  return new Promise((resolve) => {
    setTimeout(() => resolve({ type: 'value', value: JSON.stringify(result) }), ms);
  });
}
