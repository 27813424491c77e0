/** Two gateways on one PostgreSQL, and the account of one user: renewed once, whoever of both is called, and gone at both at once. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startAccountServer, startTenant } from '../support/account-server.ts';
import { createVisits, perUser } from '../support/connect-site.ts';
import { ROOT, runCli, type StartedGateway, startGateway } from '../support/gateway.ts';
import { PASSWORD } from '../support/login-site.ts';
import { usePostgres } from '../support/postgres.ts';
import { sendModern } from '../support/raw-client.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const { skip, server: postgres } = usePostgres();
const CALLS = 50;

test('fifty calls with an expired token at two gateways cost one refresh; disconnected at one, it is gone at the other', {
  skip,
  timeout: 180_000,
}, async (t) => {
  const folder = await createTempDir(t);
  const tenant = await startTenant(t, { type: 'dynamic' });
  const server = await startAccountServer(t, 'modern', tenant);
  const config = {
    ...perUser({ notes: server.mcpUrl }),
    database: { url: await postgres.newDatabase() },
    sealing: { masterKey: randomBytes(32).toString('base64') },
  };
  const gateways = await Promise.all(
    ['a', 'b'].map((name) => startGateway(t, { config, dataDir: join(folder, name) })),
  );
  const [a, b] = gateways as [StartedGateway, StartedGateway];
  const where = ['--config', a.configFile, '--data', join(folder, 'none')];
  const created = spawnSync(process.execPath, [join(ROOT, 'bin/portcullis.mjs'), 'users', 'create', 'ada', ...where], {
    ...{ input: `${PASSWORD}\n`, encoding: 'utf8', timeout: 60_000 },
  });
  assert.equal(created.status, 0, created.stderr);
  const key = JSON.parse(
    await runCli('keys', 'create', '--name', 'of-ada', '--user', 'ada', '--allow', '*', '--json', ...where),
  ) as { secret: string };
  const whoami = async (gateway: StartedGateway): Promise<string> =>
    JSON.stringify(
      await sendModern({
        ...{ url: gateway.mcpUrl, key: key.secret, method: 'tools/call', timeoutMs: 60_000 },
        params: { name: 'notes__whoami', arguments: {} },
      }),
    );

  tenant.lifeSeconds = 15;
  const visits = createVisits(a.url);
  const ada = await visits.browserOf('ada');
  assert.match((await visits.connect(ada, 'notes', 'ada@notes')).text, /notes is connected/);
  for (const gateway of [a, b])
    await waitFor('the account at both', async () => /ada@notes/.test(await whoami(gateway)), 30_000);
  // Whatever was renewed so far: now nobody calls, and the token runs out.
  await sleep(15_500);
  const renewed = tenant.grants.length;
  tenant.lifeSeconds = 600;
  const answers = await Promise.all(Array.from({ length: CALLS }, (_, i) => whoami(i % 2 === 0 ? a : b)));
  for (const answer of answers) assert.match(answer, /ada@notes/);
  assert.deepEqual(tenant.grants.slice(renewed), ['refresh_token']);

  const list = await ada.get(`${a.url}/account/connections`);
  const gone = await ada.follow(await ada.submit(list, '/account/connections/disconnect', { server: 'notes' }), a.url);
  assert.match(gone.text, /Disconnected\./);
  await waitFor('it to be gone at the other', async () => !/ada@notes/.test(await whoami(b)), 5_000);
  const before = server.callers.length;
  await whoami(b);
  assert.equal(server.callers.length, before);
});
