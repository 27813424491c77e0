/** How tool files find `portcullis/tools` and zod wherever they lie, and which files they are made of. */

import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const MAX_SEEN = 5_000;

/** For this process, for good. `apiUrl` is the module served as `portcullis/tools`. */
export function installModuleHooks(apiUrl: string, onSeen: (path: string) => void): void {
  const seen = new Set<string>();
  const note = (url: string): void => {
    if (!url.startsWith('file:') || url.includes('/node_modules/') || url === apiUrl || seen.size >= MAX_SEEN) return;
    const path = fileURLToPath(url);
    if (seen.has(path)) return;
    seen.add(path);
    onSeen(path);
  };
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'portcullis/tools') return { url: apiUrl, shortCircuit: true };
      try {
        return next(specifier, context);
      } catch (error) {
        // A folder without packages of its own gets our zod.
        if (/^zod(?:$|\/)/.test(specifier)) return next(specifier, { ...context, parentURL: import.meta.url });
        // A helper that is not there yet: when it comes, it is time to load anew.
        if (/^\.\.?\//.test(specifier) && context.parentURL !== undefined)
          note(new URL(specifier, context.parentURL).href);
        throw error;
      }
    },
    load(url, context, next) {
      note(url);
      return next(url, context);
    },
  });
}
