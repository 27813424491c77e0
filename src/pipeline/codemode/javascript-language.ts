/** JavaScript: runs as it is written. */

import type { ScriptLanguage } from './script-language.ts';

export function createJavaScriptLanguage(): ScriptLanguage {
  return {
    prepare: (code) => ({ code, prelude: undefined, globals: new Set() }),
    isFunction: () => false,
    answer: () => undefined,
    hintFor: () => undefined,
    blocks: () => false,
    plain: (message) => message,
    keepValue: (global) => `var _ = ${global}()`,
  };
}
