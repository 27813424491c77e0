/** The document as all sections read it: its references can be looked up, those to secret managers too. */

import { dirname, resolve } from 'node:path';
import type { SecretManagerConfig } from '../../contracts/secret-managers.ts';
import type { JsoncNode } from '../../lib/jsonc.ts';
import type { Document } from './document.ts';
import type { Environment } from './environment.ts';
import { type AskForSecret, createFileLookup, createSecretLookup, SECRET_MANAGERS } from './find-secret.ts';
import { readManager } from './read-secrets.ts';
import { nodeAt, type Report } from './report.ts';

interface OpenOptions {
  readonly file: string;
  readonly env: Environment;
  readonly readFile?: ((file: string) => string) | undefined;
  readonly ask?: AskForSecret | undefined;
}

/** With the secret managers read: what they keep, references in all other sections may stand for. */
export function openDocument(root: JsoncNode, report: Report, options: OpenOptions): Document {
  const folder = dirname(resolve(options.file));
  let pending = 0;
  const ask: AskForSecret | undefined =
    options.ask &&
    ((request) => {
      const finding = options.ask?.(request) ?? { type: 'pending' };
      if (finding.type === 'pending') pending++;
      return finding;
    });
  const files = ask && createFileLookup(ask, folder);
  const document = { root, report, scope: { env: options.env, folder, secrets: files }, readFile: options.readFile };
  const managers = new Map<string, SecretManagerConfig | 'unsettled'>();
  for (const type of SECRET_MANAGERS) {
    const before = pending + report.problems.length;
    const manager = readManager(document, type);
    // Whoever is asked is sent credentials: nobody is while anything about the entry is unknown or wrong.
    const isSettled = manager !== undefined && pending + report.problems.length === before;
    if (nodeAt(root, ['secrets', type]) !== undefined) managers.set(type, isSettled ? manager : 'unsettled');
  }
  const secrets = ask && files && createSecretLookup(files, ask, managers);
  return { ...document, scope: { ...document.scope, secrets } };
}
