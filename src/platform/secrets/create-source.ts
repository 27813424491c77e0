/** Every kind of place that secrets come from, and who reads there. */

import type { SecretSource, SecretSourceConfig } from '../../contracts/secret-managers.ts';
import { createAwsSource } from './aws-source.ts';
import { createAzureSource } from './azure-source.ts';
import { createFileSource } from './file-source.ts';
import { createGcpSource } from './gcp-source.ts';
import { createVaultSource } from './vault-source.ts';

/** `now`: epoch milliseconds. */
export function createSource(config: SecretSourceConfig, now: () => number): SecretSource {
  switch (config.type) {
    case 'file':
      return createFileSource();
    case 'vault':
      return createVaultSource(config, now);
    case 'aws':
      return createAwsSource(config, now);
    case 'gcp':
      return createGcpSource(config, now);
    case 'azure':
      return createAzureSource(config, now);
  }
}
