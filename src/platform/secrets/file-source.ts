/** Files as a source of secrets: `${file:/run/secrets/key}`. */

import type { SecretSource } from '../../contracts/secret-managers.ts';
import { readTextFile } from './read-text-file.ts';

export function createFileSource(): SecretSource {
  return {
    name: 'file',
    read: async (path, signal) => ({ value: await readTextFile(path, signal) }),
    async [Symbol.asyncDispose]() {},
  };
}
