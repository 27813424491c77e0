/** Tools that server-everything lists only for clients it can ask: listed on request, and called by who can be asked. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type StartedGateway, startGateway } from '../support/gateway.ts';
import { listToolNames } from '../support/raw-client.ts';
import { EVERYTHING, stdioEntry } from '../support/real-servers.ts';
import { descendantsOf } from '../support/start-process.ts';
import { createCleanup } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';
import { KEYS, request, textOf } from './cells/cells.ts';

const SAMPLING = 'trigger-sampling-request';
const PARAMS = { name: SAMPLING, arguments: { prompt: 'Where?', maxTokens: 5 } };
const MISSING_CAPABILITY = -32021;

describe('tools for clients that can be asked', { timeout: 60_000 }, () => {
  const cleanup = createCleanup();
  let gateway: StartedGateway;
  before(async () => {
    const entry = stdioEntry(EVERYTHING, ['stdio']);
    gateway = await startGateway(cleanup, {
      config: {
        mcpServers: { plain: entry, more: entry },
        serverOptions: { more: { listAskingTools: true } },
        keys: [{ name: 'e2e', value: KEYS[0], allow: ['*'] }],
      },
    });
    await gateway.healthy();
    await waitFor('the tools', async () => (await listToolNames(gateway, KEYS[0])).includes(`more__${SAMPLING}`));
  });
  after(() => cleanup.run());

  test('they are listed beside all others where that is configured, and nowhere else', async () => {
    const names = await listToolNames(gateway, KEYS[0]);
    const own = (id: string) => names.filter((name) => name.startsWith(id)).map((name) => name.slice(id.length));
    const more = own('more__').filter((name) => !own('plain__').includes(name));
    assert.ok(more.includes(SAMPLING) && more.includes('trigger-elicitation-request'), more.join());
    assert.deepEqual(
      own('plain__').filter((name) => !own('more__').includes(name)),
      [],
    );
  });

  test('the process that was started to list them is gone', async () => {
    // What npm or node start beneath a server counts as one with it: two servers, two processes, and the trail is a thread.
    await waitFor('two servers', () => descendantsOf(gateway.pid).length === 2);
  });

  for (const era of ['legacy', 'modern'] as const) {
    test(`a ${era} client that can be asked calls them, and is asked`, async () => {
      const called = await request(gateway, era, 'more', 'tools/call', PARAMS);
      assert.match(textOf(called), /Paris/, JSON.stringify(called));
      assert.deepEqual(
        called.asked.map(({ method }) => method),
        ['sampling/createMessage'],
      );
    });

    test(`a ${era} client that cannot is told why, and not asked`, async () => {
      const called = await request(gateway, era, 'more', 'tools/call', PARAMS, { capabilities: {} });
      assert.deepEqual(called.asked, []);
      assert.match(called.error?.message ?? '', /only for clients that can be asked/);
      if (era === 'modern') assert.equal(called.error?.code, MISSING_CAPABILITY);
    });
  }
});
