/** JavaScript: the engine itself knows what scripts need, so that little is left to say. */

import { hintFor } from '../../domain/codemode/javascript/hints.ts';
import type { ScriptLanguage } from './script-language.ts';

export function createJavaScriptLanguage(): ScriptLanguage {
  return {
    isChecked: false,
    prepare: (code) => ({ code, prelude: undefined, globals: new Set(), taken: (answer) => answer }),
    isFunction: () => false,
    answer: () => undefined,
    hintFor,
    weigh: () => 'nothing',
    plainError: (error) => error,
    plain: (message) => message,
    keepValue: (global) => `globalThis._ = await ${global}();\n0`,
  };
}
