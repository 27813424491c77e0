// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are meant literally here
/** From a reference `${vault:path#field}` to its value: what it names, who is asked, and which part of the answer it wants. */

import { resolve } from 'node:path';
import type { SecretFinding, SecretManagerConfig, SecretRequest } from '../../contracts/secret-managers.ts';
import { isObject } from '../../lib/is-object.ts';

export const SECRET_MANAGERS = ['vault', 'aws', 'gcp', 'azure'] as const;

/** What the configuration can ask while it is read. */
export interface SecretLookup {
  /** `reference`: what stands after the first colon. */
  find(source: 'file' | SecretManagerConfig['type'], reference: string): SecretFinding;
}

export type AskForSecret = (request: SecretRequest) => SecretFinding;

/** How often files are looked at again. */
const FILE_CACHE_MS = 5_000;
const FILE_TIMEOUT_MS = 5_000;
const MAX_REFERENCE_CHARS = 2_048;

const failed = (message: string, remedy?: string): SecretFinding => ({ type: 'failed', message, remedy });

/** Finds files only. `folder`: what relative names are relative to. */
export function createFileLookup(ask: AskForSecret, folder: string): SecretLookup {
  return {
    find(source, reference) {
      if (source !== 'file')
        return failed(
          'a reference to a secret manager cannot stand here',
          'write ${env:NAME} or ${file:/path}: managers do not open one another',
        );
      if (reference.includes(':-')) return noDefault();
      if (reference.trim() === '' || reference.includes('\0') || reference.length > MAX_REFERENCE_CHARS)
        return failed('a reference with no valid file name', 'write ${file:/path}');
      const config = { type: 'file', cacheMs: FILE_CACHE_MS, timeoutMs: FILE_TIMEOUT_MS, fingerprint: 'file' } as const;
      return ask({ source: config, path: resolve(folder, reference) });
    },
  };
}

/** Finds files, and secrets at the managers the configuration has. `unsettled`: their own entry is still being read. */
export function createSecretLookup(
  files: SecretLookup,
  ask: AskForSecret,
  managers: ReadonlyMap<string, SecretManagerConfig | 'unsettled'>,
): SecretLookup {
  return {
    find(source, reference) {
      if (source === 'file') return files.find(source, reference);
      const manager = managers.get(source);
      if (manager === undefined)
        return failed(`there is no manager "${source}" in the configuration`, `add "secrets": { "${source}": { … } }`);
      if (manager === 'unsettled') return { type: 'pending' };
      if (reference.includes(':-')) return noDefault();
      const hash = reference.indexOf('#');
      const path = hash === -1 ? reference : reference.slice(0, hash);
      const field = hash === -1 ? undefined : reference.slice(hash + 1);
      if (path === '' || field === '' || reference.length > MAX_REFERENCE_CHARS || /[\x00-\x20\x7f]/.test(path))
        return failed('a reference with no valid path', `write ${EXAMPLES[manager.type]}`);
      if (manager.type === 'vault' && field === undefined)
        return failed(`names no field of ${path}`, `write ${EXAMPLES.vault}`);
      const found = ask({ source: manager, path });
      return found.type === 'value' && field !== undefined ? pickField(found.value, field, manager.type, path) : found;
    },
  };
}

const EXAMPLES: { readonly [type in SecretManagerConfig['type']]: string } = {
  vault: '${vault:mount/path#field}',
  aws: '${aws:name} or ${aws:name#field}',
  gcp: '${gcp:projects/p/secrets/s} or ${gcp:projects/p/secrets/s#field}',
  azure: '${azure:vault-name/secret} or ${azure:vault-name/secret#field}',
};

function noDefault(): SecretFinding {
  return failed('a secret cannot have a default', 'take ":-…" out of the reference');
}

/** A member of a JSON object, as text. */
function pickField(value: string, field: string, manager: string, path: string): SecretFinding {
  let members: unknown;
  try {
    members = JSON.parse(value);
  } catch {
    members = undefined;
  }
  if (!isObject(members))
    return failed(`${manager}: ${path} is no JSON object, so it has no field`, 'take "#…" out of the reference');
  const member = Object.hasOwn(members, field) ? members[field] : undefined;
  if (typeof member === 'string') return { type: 'value', value: member };
  if (member === undefined || member === null)
    return failed(`${manager}: ${path} has no field "${field}"`, 'check the spelling, or add the field there');
  return { type: 'value', value: JSON.stringify(member) };
}
