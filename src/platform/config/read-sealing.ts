/** The section `sealing`: the master keys over what is stored encrypted. */

import type { SealingConfig } from '../../contracts/config-sections.ts';
import { Secret } from '../../contracts/secret.ts';
import { type Document, readPart } from './document.ts';
import { nodeAt } from './report.ts';
import { Sealing } from './secrets-schema.ts';

const MASTER_KEY_BYTES = 32;
const MASTER_KEY_VARIABLE = 'PORTCULLIS_MASTER_KEY';

/** Undefined: the file and the environment say nothing of it. */
export function readSealing(document: Document): SealingConfig | undefined {
  const node = nodeAt(document.root, ['sealing']);
  const section = readPart(document, ['sealing'], node, Sealing, Object.keys(Sealing.shape));
  const fromEnv = document.scope.env[MASTER_KEY_VARIABLE];
  if (section === undefined) return undefined;
  const { masterKey, oldMasterKeys, requireMasterKey } = section;
  if (oldMasterKeys.length > 0 && masterKey === undefined && !fromEnv)
    document.report.problem(
      ['sealing', 'oldMasterKeys'],
      'stands without a key to seal with',
      'write "masterKey", too',
    );
  const current = masterKey ?? (fromEnv || undefined);
  if (current === undefined && node === undefined) return undefined;
  const keys = [
    ...(current === undefined ? [] : [{ text: current, at: masterKey === undefined ? [] : ['sealing', 'masterKey'] }]),
    ...oldMasterKeys.map((text, i) => ({ text, at: ['sealing', 'oldMasterKeys', i] })),
  ];
  for (const { text, at } of keys)
    if (!isMasterKey(text))
      document.report.problem(
        at,
        `${at.length === 0 ? `the variable ${MASTER_KEY_VARIABLE} ` : ''}is no master key: expected 32 bytes in base64`,
        'make one with: openssl rand -base64 32',
      );
  return { masterKeys: keys.map(({ text }) => new Secret(text.trim())), requireMasterKey };
}

function isMasterKey(text: string): boolean {
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text.trim()) && Buffer.from(text.trim(), 'base64').length === MASTER_KEY_BYTES;
}
