/**
 * Our conformance fixture: a real MCP server with the names the official suite wants, in one era per process.
 * `node test/conformance/fixture-server.ts --era legacy|modern --port 0` prints one line of JSON with its `url`. SIGUSR2 makes
 * the legacy one forget its sessions.
 */

import { parseArgs } from 'node:util';
import { createCatalog } from './fixture-catalog.ts';
import { listen } from './fixture-http.ts';
import { createLegacyFixture } from './fixture-legacy.ts';
import { createModernFixture } from './fixture-modern.ts';

const { values } = parseArgs({ options: { era: { type: 'string' }, port: { type: 'string', default: '0' } } });
if (values.era !== 'legacy' && values.era !== 'modern') {
  process.stderr.write('usage: fixture-server --era legacy|modern [--port N]\n');
  process.exit(2);
}

const catalog = createCatalog();
const legacy = createLegacyFixture(catalog);
const handle = values.era === 'legacy' ? legacy.handle : createModernFixture(catalog);
const { server, url } = await listen(handle, Number(values.port));
process.stdout.write(`${JSON.stringify({ era: values.era, url })}\n`);

process.on('SIGUSR2', () => legacy.forgetSessions());
process.on('SIGTERM', () => {
  server.closeAllConnections();
  server.close(() => process.exit(0));
});
