/** Two gateways on one PostgreSQL: asked at one, approved beside both, carried out once, whoever of them is called again. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCli, type StartedGateway, startGateway } from '../support/gateway.ts';
import { usePostgres } from '../support/postgres.ts';
import { callTool } from '../support/raw-client.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { readWitness, witnessEntry } from '../support/witness.ts';

const { skip, server } = usePostgres();

const KEY = 'pck_approvals_replicas_0123456789';

for (const withMaster of [true, false])
  test(`what is asked at one gateway is approved for all, ${withMaster ? 'and carried out once' : 'but not where nothing can be sealed'}`, {
    skip,
    timeout: 120_000,
  }, async (t) => {
    const folder = await createTempDir(t);
    const log = join(folder, 'witness.jsonl');
    const config = {
      mcpServers: { w: witnessEntry(log) },
      database: { url: await server.newDatabase() },
      policy: { rules: [{ name: 'look-first', action: 'ask', targets: ['w/work'] }] },
      keys: [{ name: 'all', value: KEY, allow: ['*'] }],
      ...(withMaster && { sealing: { masterKey: randomBytes(32).toString('base64') } }),
    };
    const [a, b] = await Promise.all(
      ['a', 'b'].map((name) => startGateway(t, { config, dataDir: join(folder, name) })),
    );
    assert.ok(a && b);
    await Promise.all([a.healthy('w'), b.healthy('w')]);
    const work = (gateway: StartedGateway, nonce: string) => callTool(gateway, KEY, 'w__work', { nonce });
    const cli = (...args: string[]) => runCli(...args, '--config', a.configFile, '--data', join(folder, 'none'));

    const asked = await work(a, 'once');
    if (!withMaster) {
      assert.match(JSON.stringify(asked.error), /PORTCULLIS_MASTER_KEY/);
      assert.equal(asked.error?.code, -31421);
      return;
    }
    const idOf = ({ result }: Awaited<ReturnType<typeof work>>): string => {
      const { _meta: meta } = (result ?? {}) as { _meta?: { 'portcullis/approval'?: { approvalId: string } } };
      return meta?.['portcullis/approval']?.approvalId ?? assert.fail(JSON.stringify(result));
    };
    const id = idOf(asked);
    assert.equal(idOf(await work(b, 'once')), id, 'the other one knows of it');
    await cli('approvals', 'approve', id, '--yes');
    const answers = await Promise.all([work(a, 'once'), work(b, 'once'), work(a, 'once'), work(b, 'once')]);
    const executed = readWitness(log).filter(({ event }) => event === 'executed');
    assert.deepEqual(
      executed.map(({ nonce }) => nonce),
      ['once'],
    );
    const carried = answers.filter(({ result }) => result !== undefined && result.isError !== true);
    assert.ok(carried.length >= 1, JSON.stringify(answers));
    const again = idOf(await work(b, 'once'));
    assert.notEqual(again, id, 'an approval is good for one call');
    await cli('approvals', 'reject', again, '--reason', 'enough');
    assert.match(JSON.stringify((await work(a, 'once')).result), /enough/);
    assert.equal(readWitness(log).filter(({ event }) => event === 'executed').length, 1);
  });
