/** Which modules the prelude stands in for. */

const MODULES = new Set([
  ...['operator', 'heapq', 'bisect', 'copy', 'contextlib', 'hashlib', 'string', 'textwrap', 'io', 'csv', 'html'],
  ...['pprint', 'logging', 'traceback'],
]);

export const isLibrary = (module: string): boolean => MODULES.has(module);
