/** Azure Key Vault: the value of a secret; its newest version, where the reference names none. */

import { type AzureConfig, SecretFailure, type SecretSource } from '../../contracts/secret-managers.ts';
import { isObject } from '../../lib/is-object.ts';
import { obtainAzureToken } from './azure-token.ts';
import { createKeptToken } from './kept-token.ts';
import { readWithToken } from './read-with-token.ts';
import { createSecretHttp, failureOf, parseAnswer } from './secret-http.ts';

const API_VERSION = '7.4';
const PATH = /^([A-Za-z][A-Za-z0-9-]{1,22}[A-Za-z0-9])\/([A-Za-z0-9-]{1,127})(?:\/([A-Za-z0-9]{1,64}))?$/;

export function createAzureSource(config: AzureConfig, now: () => number): SecretSource {
  const http = createSecretHttp('azure');
  const token = createKeptToken<string>('azure', now, (signal) => obtainAzureToken(config, http, signal));

  return {
    name: 'azure',
    async read(path, signal) {
      const [, vault, secret, version = ''] = PATH.exec(path) ?? [];
      if (vault === undefined || secret === undefined)
        throw new SecretFailure('misused', `${path} is no secret in Azure`, { remedy: 'write vault-name/secret' });
      const base = config.vaultUrl.replaceAll('{vault}', vault.toLowerCase());
      const url = `${base}/secrets/${secret}${version === '' ? '' : `/${version}`}?api-version=${API_VERSION}`;
      const answer = await readWithToken({ http, token }, url, signal);
      if (answer.status !== 200) throw failureOf('azure', path, answer);
      const { value, id, attributes } = parseAnswer('azure', answer.text);
      if (typeof value !== 'string') throw new SecretFailure('malformed', `azure has no value for ${path}`);
      const endS = isObject(attributes) ? attributes.exp : undefined;
      return {
        value,
        version: typeof id === 'string' ? id.split('/').at(-1) : undefined,
        expiresAtMs: typeof endS === 'number' ? endS * 1_000 : undefined,
      };
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}
