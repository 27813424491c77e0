/** How a request to AWS proves who sends it: Signature Version 4, or a Bedrock API key as bearer. */

import { hash } from 'node:crypto';
import type { SignatureV4 } from '@smithy/signature-v4';
import { ProviderFailure } from '../../../contracts/models.ts';
import type { ProviderConfig, ProviderKey } from '../../../contracts/models-config.ts';

export interface UnsignedRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly body: string | undefined;
  readonly key: ProviderKey | undefined;
}

/** Headers, names and values in turn. */
export type Sign = (request: UnsignedRequest) => Promise<readonly string[]>;

/** Access key of the configuration before API keys. `now`: epoch milliseconds; AWS takes five minutes of difference. */
export function createSign(config: ProviderConfig, now: () => number): Sign {
  const cloud = config.cloud?.type === 'aws' ? config.cloud : undefined;
  if (cloud?.accessKeyId === undefined || cloud.secretAccessKey === undefined) return bearer;
  const credentials = {
    accessKeyId: cloud.accessKeyId.open(),
    secretAccessKey: cloud.secretAccessKey.open(),
    ...(cloud.sessionToken === undefined ? {} : { sessionToken: cloud.sessionToken.open() }),
  };
  let opening: Promise<SignatureV4> | undefined;
  return async ({ method, url, body }) => {
    opening ??= openSigner(cloud.region, credentials);
    const signer = await opening;
    const { protocol, host, hostname, pathname } = new URL(url);
    const signed = await signer.sign(
      {
        ...{ method, protocol, hostname, path: pathname },
        headers: {
          host,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          // Hashed here, by native code: bodies with images are megabytes.
          'x-amz-content-sha256': hash('sha256', body ?? '', 'hex'),
        },
      },
      { signingDate: new Date(now()) },
    );
    return Object.entries(signed.headers).flatMap(([name, value]) => (name === 'host' ? [] : [name, value]));
  };
}

/** The library is loaded only now: most gateways never need it. */
async function openSigner(
  region: string,
  credentials: { readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string },
): Promise<SignatureV4> {
  const { SignatureV4 } = await import('@smithy/signature-v4');
  const { Sha256 } = await import('@aws-crypto/sha256-js');
  return new SignatureV4({ service: 'bedrock', region, sha256: Sha256, credentials });
}

const bearer: Sign = ({ key, body }) => {
  if (key === undefined)
    return Promise.reject(
      new ProviderFailure('unauthorized', 'neither an AWS access key nor an API key is configured'),
    );
  const type = body === undefined ? [] : ['content-type', 'application/json'];
  return Promise.resolve([...type, 'authorization', `Bearer ${key.value.open()}`]);
};
