/** What every codec needs of an answer that is none: its words, and what must not be found in them. */

import type { ProviderConfig, ProviderKey } from '../../contracts/models-config.ts';
import type { ProviderResponse } from './send.ts';

/** '' where the body cannot be read to its end: the status alone says enough, and is not to be lost with it. */
export function readFailedText(response: ProviderResponse): Promise<string> {
  return response.text().catch(() => '');
}

/** What a provider might quote, and nobody else shall read. */
export function secretsOf(
  { cloud, headers }: Pick<ProviderConfig, 'cloud' | 'headers'>,
  key: ProviderKey | undefined,
): readonly string[] {
  const aws = cloud?.type === 'aws' ? [cloud.accessKeyId, cloud.secretAccessKey, cloud.sessionToken] : [];
  return [key?.value, ...aws, ...Object.values(headers)].flatMap((secret) => secret?.open() ?? []);
}
