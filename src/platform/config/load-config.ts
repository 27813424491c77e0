/** Reads the configuration from disk; a file that is not there or not readable is a problem like any other. */

import { readFileSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { ConfigProblem, ConfigResult } from '../../contracts/config.ts';
import type { SecretFetcher, SecretFinding, SecretRequest } from '../../contracts/secret-managers.ts';
import type { Environment } from './environment.ts';
import type { AskForSecret } from './find-secret.ts';
import { type ParseOptions, parseConfig } from './parse-config.ts';
import { parseSealing, type SealingResult } from './parse-sealing.ts';

/** Of either file; generous, so that reading is bounded before anything is judged. */
const MAX_FILE_BYTES = 4_194_304;
const MAX_SECRETS = 1_000;
/** Files, then managers, then what depends on their values. */
const MAX_ROUNDS = 5;

export interface LoadOptions extends Pick<ParseOptions, 'extend'> {
  readonly file: string;
  readonly env: Environment;
  /** Fetches what references to files and secret managers stand for. Left out: they stay as they are, with a warning. */
  readonly secrets?: SecretFetcher | undefined;
}

/** Reads, decodes, fetches and parses. Never rejects. */
export function loadConfig(options: LoadOptions): Promise<ConfigResult> {
  return load(options, parseConfig, (result, secrets) =>
    result.ok && secrets.length > 0 ? { ...result, config: { ...result.config, secrets } } : result,
  );
}

/** The same for the section `sealing` alone: nothing is fetched, or found fault with, that it does not need. */
export function loadSealing(options: LoadOptions): Promise<SealingResult> {
  return load(options, parseSealing, (result) => result);
}

type Problems = { readonly ok: false; readonly problems: readonly ConfigProblem[] };

async function load<T>(
  options: LoadOptions,
  parse: (text: string, options: ParseOptions) => T | Problems,
  finish: (result: T | Problems, secrets: readonly SecretRequest[]) => T | Problems,
): Promise<T | Problems> {
  const refuse = (message: string, remedy?: string): Problems => ({
    ok: false,
    problems: [{ path: '', line: undefined, column: undefined, message, remedy }],
  });
  let text: string;
  try {
    if ((await stat(options.file)).size > MAX_FILE_BYTES) throw tooLarge();
    // A byte order mark is kept: the parser skips it, and positions stay those of the file.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await readFile(options.file));
  } catch (error) {
    return refuse(...describeReadError(error, options.file));
  }
  const { secrets, ...plain } = options;
  if (secrets === undefined) return parse(text, { ...plain, readFile: readEnvFile });
  const findings = new Map<string, SecretFinding>();
  // What a file holds may say where a manager is, and what that holds which part is read: each round knows more.
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const asked = new Map<string, SecretRequest>();
    const ask: AskForSecret = (request) => {
      const id = `${request.source.fingerprint} ${request.path}`;
      asked.set(id, request);
      return findings.get(id) ?? { type: 'pending' };
    };
    const result = parse(text, { ...plain, readFile: readEnvFile, ask });
    const missing = [...asked].filter(([id]) => !findings.has(id));
    if (asked.size > MAX_SECRETS) return refuse(`more than ${MAX_SECRETS} different secrets are referred to`);
    if (missing.length === 0) return finish(result, [...asked.values()]);
    const found = await secrets.fetchAll(missing.map(([, request]) => request));
    for (const [i, [id]] of missing.entries()) findings.set(id, found[i] ?? { type: 'pending' });
  }
  return refuse('the references lead on and on', 'let files and managers hold values, not further references');
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
