// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** The database section: where everything is kept that gateways share. */

import type { DatabaseConfig } from '../../contracts/config-sections.ts';
import { Secret } from '../../contracts/secret.ts';
import { Database } from './database-schema.ts';
import { type Document, readPart } from './document.ts';
import { nodeAt } from './report.ts';

/** Undefined: there is no such section, or it cannot be used, which is reported. */
export function readDatabase(document: Document): DatabaseConfig | undefined {
  const node = nodeAt(document.root, ['database']);
  if (node === undefined) return undefined;
  const database = readPart(document, ['database'], node, Database, Object.keys(Database.shape));
  if (database === undefined) return undefined;
  const { report } = document;
  const url = URL.canParse(database.url) ? new URL(database.url) : undefined;
  const written = nodeAt(node, ['url']);
  const isInClear = written?.type === 'scalar' && written.value === database.url;
  if (url?.protocol !== 'postgres:' && url?.protocol !== 'postgresql:')
    report.problem(['database', 'url'], 'is no address of PostgreSQL', 'write postgres://user@host:5432/name');
  else if (url.password !== '' && isInClear)
    report.warning(
      ['database', 'url'],
      'the password stands in the file in clear',
      'write ${env:DATABASE_URL} and set that variable before starting',
    );
  return { ...database, url: new Secret(database.url) };
}
