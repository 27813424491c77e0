/** Whether declared capabilities (JSON text of an object) hold an extension. */

import { isObject } from './is-object.ts';

/** Looks into the text only where the name occurs at all. */
export function declaresExtension(capabilities: string, name: string): boolean {
  if (!capabilities.includes('"extensions"')) return false;
  const { extensions } = JSON.parse(capabilities) as { readonly extensions?: unknown };
  return isObject(extensions) && Object.hasOwn(extensions, name) && isObject(extensions[name]);
}
