/** `npm run dev`: the gateway with the in-process demo server and a ready key, restarted by `node --watch` on every edit. */

import { resolve } from 'node:path';
import { serve } from './commands/serve.ts';
import { createDemoServer } from './demo-server.ts';
import { readVersion } from './read-version.ts';

const config = resolve(import.meta.dirname, '../../examples/dev/portcullis.json');
process.stdout.write('Development key: pck_development_only_no_secret\n');
await serve({ config }, true, new Map([['demo', createDemoServer(readVersion())]]));
