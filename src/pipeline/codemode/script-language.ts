/** What running a script needs to know of its language. */

import type { HostAnswer, HostCall, ScriptError, TypeDiagnostic } from '../../contracts/sandbox.ts';

/** What the host gives a script besides tools. */
export interface Ambient {
  /** Wall clock, epoch milliseconds. */
  readonly now: () => number;
  /** 0 to 1, exclusive. */
  readonly random: () => number;
}

export interface PreparedScript {
  /** With the same lines as what the model wrote. */
  readonly code: string;
  /** Run before it in the same session; undefined: nothing. */
  readonly prelude: string | undefined;
  /** Globals that the host answers besides the tools. */
  readonly globals: ReadonlySet<string>;
  /** The answer of a tool as this script takes it. */
  taken(answer: HostAnswer): HostAnswer;
}

export interface ScriptLanguage {
  /** Whether its engine looks at the calls of a script before it runs. */
  readonly isChecked: boolean;
  prepare(code: string, namespaces: ReadonlySet<string>): PreparedScript;
  /** Of its globals, what is called by itself. */
  isFunction(name: string): boolean;
  /** A call of one of `globals`. Undefined: there is no such thing. */
  answer(call: HostCall, ambient: Ambient): HostAnswer | Promise<HostAnswer> | undefined;
  /** One line on what to write instead. `namespaces`: what tools are called by. */
  hintFor(error: ScriptError, code: string, namespaces: ReadonlySet<string>): string | undefined;
  /**
   * `mistake`: in a call of a tool, which would surely fail, so that nothing is run; `remark`: told where the script fails.
   * `code`: what was checked.
   */
  weigh(finding: TypeDiagnostic, code: string): 'mistake' | 'remark' | 'nothing';
  /** An error in the words of the script, which may have classes of its own. */
  plainError(error: ScriptError): ScriptError;
  /** A finding without words that only the declarations use. `nearest`: the method that was meant; undefined: none is near. */
  plain(message: string, nearest: (namespace: string, method: string) => string | undefined): string;
  /** Makes the value of the last run a variable: `_`. `global` is a function of the host that gives it. */
  keepValue(global: string): string;
}
