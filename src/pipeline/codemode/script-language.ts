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
  prepare(code: string, namespaces: ReadonlySet<string>): PreparedScript;
  /** Of its globals, what is called by itself. */
  isFunction(name: string): boolean;
  /** A call of one of `globals`. Undefined: there is no such thing. */
  answer(call: HostCall, ambient: Ambient): HostAnswer | Promise<HostAnswer> | undefined;
  /** One line on what to write instead. */
  hintFor(error: ScriptError, code: string): string | undefined;
  /** Whether a finding is a mistake in a call of a tool, which would surely fail. */
  blocks(diagnostic: TypeDiagnostic): boolean;
  /** Whether a finding says nothing that helps to mend a script that failed. */
  isNoise(diagnostic: TypeDiagnostic): boolean;
  /** An error in the words of the script, which may have classes of its own. */
  plainError(error: ScriptError): ScriptError;
  /** A finding without words that only the declarations use. */
  plain(message: string): string;
  /** Makes the value of the last run a variable: `_`. `global` is a function of the host that gives it. */
  keepValue(global: string): string;
}
