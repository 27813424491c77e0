/**
 * Our conformance fixture: a real MCP server with the names the official suite wants, in one era or in both.
 * `node test/conformance/fixture-server.ts --era legacy|modern|both --port 0` prints one line of JSON with its `url`. SIGUSR2 makes
 * the legacy one forget its sessions.
 */

import { parseArgs } from 'node:util';
import { createBothErasFixture } from './fixture-both.ts';
import { createCatalog } from './fixture-catalog.ts';
import { listen } from './fixture-http.ts';
import { createLegacyFixture } from './fixture-legacy.ts';
import { createModernFixture } from './fixture-modern.ts';

const { values } = parseArgs({ options: { era: { type: 'string' }, port: { type: 'string', default: '0' } } });
const { era } = values;
if (era !== 'legacy' && era !== 'modern' && era !== 'both') {
  process.stderr.write('usage: fixture-server --era legacy|modern|both [--port N]\n');
  process.exit(2);
}

const catalog = createCatalog();
const legacy = createLegacyFixture(catalog);
const handles = {
  legacy: legacy.handle,
  modern: createModernFixture(catalog),
  both: createBothErasFixture({ legacy: legacy.handle, modern: createModernFixture(catalog) }),
};
const { server, url } = await listen(handles[era], Number(values.port));
process.stdout.write(`${JSON.stringify({ era, url })}\n`);

process.on('SIGUSR2', () => legacy.forgetSessions());
process.on('SIGTERM', () => {
  server.closeAllConnections();
  server.close(() => process.exit(0));
});
