/** The keeper of secrets as this process runs it: real managers, the real clock. */

import { createSource } from '../platform/secrets/create-source.ts';
import { createSecretKeeper, type SecretKeeper } from '../platform/secrets/secret-keeper.ts';

export function openSecretKeeper(): SecretKeeper {
  return createSecretKeeper({
    createSource: (config) => createSource(config, Date.now),
    now: Date.now,
    random: Math.random,
  });
}

/** Runs `use` with a keeper that is closed afterwards: for commands that read a configuration once. */
export async function withSecretKeeper<T>(use: (secrets: SecretKeeper) => Promise<T>): Promise<T> {
  const secrets = openSecretKeeper();
  try {
    return await use(secrets);
  } finally {
    await secrets[Symbol.asyncDispose]();
  }
}
