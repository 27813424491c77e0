/** A snippet of Python with what CPython gives for it, or the hint it ends in. */

export interface Snippet {
  readonly name: string;
  readonly code: string;
  /** The value, or what is printed where there is none. */
  readonly gives?: unknown;
  readonly hint?: RegExp;
}

export const s = (name: string, code: string, gives: unknown): Snippet => ({ name, code, gives });
export const hinted = (name: string, code: string, hint: RegExp): Snippet => ({ name, code, hint });
