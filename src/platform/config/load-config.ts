/** Reads the configuration from disk; a file that is not there or not readable is a problem like any other. */

import { readFileSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { ConfigResult } from '../../contracts/config.ts';
import type { Environment } from './environment.ts';
import { type ParseOptions, parseConfig } from './parse-config.ts';

/** Of either file; generous, so that reading is bounded before anything is judged. */
const MAX_FILE_BYTES = 4_194_304;

/** Reads, decodes and parses. Never rejects. */
export async function loadConfig(
  options: { readonly file: string; readonly env: Environment } & Pick<ParseOptions, 'extend'>,
): Promise<ConfigResult> {
  let text: string;
  try {
    if ((await stat(options.file)).size > MAX_FILE_BYTES) throw tooLarge();
    // A byte order mark is kept: the parser skips it, and positions stay those of the file.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(options.file));
  } catch (error) {
    const [message, remedy] = describeReadError(error, options.file);
    return { ok: false, problems: [{ path: '', line: undefined, column: undefined, message, remedy }] };
  }
  return parseConfig(text, { ...options, readFile: readEnvFile });
}

function readEnvFile(file: string): string {
  if (statSync(file).size > MAX_FILE_BYTES) throw tooLarge();
  return readFileSync(file, 'utf8');
}

function tooLarge(): Error {
  return Object.assign(new Error('the file is too large'), { code: 'too large' });
}

function describeReadError(error: unknown, file: string): [message: string, remedy: string | undefined] {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  switch (code) {
    case 'ERR_ENCODING_INVALID_ENCODED_DATA':
      return ['the file is not UTF-8 text', 'save it as UTF-8'];
    case 'ENOENT':
      return [`there is no file ${file}`, 'make one with: portcullis init, or name another with --config'];
    case 'EACCES':
    case 'EPERM':
      return [`the file ${file} may not be read`, 'give the user that runs the gateway the right to read it'];
    case 'EISDIR':
      return [`${file} is a folder`, `name the file in it: ${file.replace(/[\\/]+$/, '')}/portcullis.json`];
    default:
      return [`the file ${file} cannot be read (${code})`, undefined];
  }
}
