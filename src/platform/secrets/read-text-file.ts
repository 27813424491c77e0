/** Small files whose content is a secret: mounted by Docker or Kubernetes, or tokens that a platform keeps fresh. */

import { open } from 'node:fs/promises';
import { SecretFailure } from '../../contracts/secret-managers.ts';

const MAX_FILE_BYTES = 1_048_576;

/** Its text without the newline at the end. Rejects with SecretFailure. */
export async function readTextFile(path: string, signal: AbortSignal): Promise<string> {
  let bytes: Buffer;
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat().then((stat) => {
        // A pipe or device would keep us waiting.
        if (!stat.isFile()) throw Object.assign(new Error('no file'), { code: 'not a file' });
        return stat;
      });
      if (size > MAX_FILE_BYTES) throw Object.assign(new Error('too large'), { code: 'too large' });
      bytes = await file.readFile({ signal });
    } finally {
      await file.close();
    }
  } catch (error) {
    if (signal.aborted) throw new SecretFailure('timeout', `the file ${path} could not be read in time`);
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new SecretFailure('missing', `there is no file ${path}`, { remedy: 'put it there, or correct the name' });
    throw new SecretFailure('refused', `the file ${path} cannot be read (${code})`, {
      remedy: 'give the user that runs the gateway the right to read it',
    });
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    throw new SecretFailure('malformed', `the file ${path} is not UTF-8 text`);
  }
}
