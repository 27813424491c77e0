/** Google Secret Manager: the payload of a version; the latest one, where the reference names none. */

import { type GcpConfig, SecretFailure, type SecretSource } from '../../contracts/secret-managers.ts';
import { isObject } from '../../lib/is-object.ts';
import { obtainGcpToken } from './gcp-token.ts';
import { createKeptToken } from './kept-token.ts';
import { readWithToken } from './read-with-token.ts';
import { createSecretHttp, failureOf, parseAnswer } from './secret-http.ts';

const PATH =
  /^(projects\/[a-z0-9][a-z0-9:.-]{0,63}(?:\/locations\/[a-z0-9-]{1,32})?\/secrets\/[A-Za-z0-9_-]{1,255})(?:\/versions\/([A-Za-z0-9_-]{1,64}))?$/;

export function createGcpSource(config: GcpConfig, now: () => number): SecretSource {
  const http = createSecretHttp('gcp');
  const token = createKeptToken<string>('gcp', now, (signal) => obtainGcpToken(config, http, now, signal));

  return {
    name: 'gcp',
    async read(path, signal) {
      const [, secret, version = 'latest'] = PATH.exec(path) ?? [];
      if (secret === undefined)
        throw new SecretFailure('misused', `${path} is no secret of Google's`, {
          remedy: 'write projects/PROJECT/secrets/SECRET',
        });
      const url = `${config.endpoint}/v1/${secret}/versions/${version}:access`;
      const answer = await readWithToken({ http, token }, url, signal);
      if (answer.status !== 200) throw failureOf('gcp', path, answer);
      const { name, payload } = parseAnswer('gcp', answer.text);
      const data = isObject(payload) ? payload.data : undefined;
      if (typeof data !== 'string') throw new SecretFailure('malformed', `gcp has no value for ${path}`);
      return { value: decode(path, data), version: typeof name === 'string' ? name.split('/').at(-1) : undefined };
    },
    [Symbol.asyncDispose]: () => http[Symbol.asyncDispose](),
  };
}

function decode(path: string, data: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(data, 'base64'));
  } catch {
    throw new SecretFailure('malformed', `gcp: ${path} holds bytes that are no text`);
  }
}
