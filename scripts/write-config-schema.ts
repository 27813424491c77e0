/** Writes the published JSON Schema and the reference page of the configuration, and the document of the admin API: `node scripts/write-config-schema.ts`. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { renderOpenApi } from '../src/edges/admin/openapi.ts';
import { listOperations } from '../src/edges/admin/operations.ts';
import { configJsonSchema } from '../src/platform/config/published.ts';
import { renderConfigReference } from '../src/platform/config/reference.ts';

const root = new URL('../', import.meta.url);
mkdirSync(new URL('schema/', root), { recursive: true });
mkdirSync(new URL('docs/reference/', root), { recursive: true });
writeFileSync(new URL('schema/portcullis.schema.json', root), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
writeFileSync(new URL('docs/reference/config.md', root), renderConfigReference());
const api = renderOpenApi(
  listOperations({ standings: true, config: true, explain: true, runs: true, approvals: true }),
);
writeFileSync(new URL('docs/reference/openapi.json', root), `${JSON.stringify(api, null, 2)}\n`);
