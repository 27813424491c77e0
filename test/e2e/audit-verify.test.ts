/** The trail of a real gateway is vouched for by its chain, through a kill -9, and tampering with it is named. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { readTrail, runCli, startGateway } from '../support/gateway.ts';
import { waitFor } from '../support/wait-for.ts';

interface Failed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

test('audit verify vouches for what was called, and names what was changed since', { timeout: 60_000 }, async (t) => {
  const gateway = await startGateway(t, { config: { providers: { fake: { type: 'fake' } } } });
  const chat = (content: string): Promise<Response> =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'fake/any', messages: [{ role: 'user', content }] }),
    });
  for (let i = 0; i < 5; i++) assert.equal((await chat(`hello ${i}`)).status, 200);
  const { dataDir } = gateway;
  await waitFor(
    'the calls to be folded',
    async () => (await readTrail(dataDir)).filter(({ kind }) => kind === 'chat').length === 5,
  );
  const first = await runCli('audit', 'verify', '--data', dataDir);
  assert.match(first, /^The trail is what was written: \d+ rows\.$/m);
  const head = /^Head: (\S+)$/m.exec(first)?.[1] ?? '';

  await chat('once more');
  await gateway.kill9();
  const later = JSON.parse(await runCli('audit', 'verify', '--data', dataDir, '--expect', head, '--json'));
  assert.deepEqual([later.problemCount, later.hasKey, later.signedTo], [0, true, later.head.seq]);

  const db = new DatabaseSync(join(dataDir, 'portcullis.db'), { timeout: 10_000 });
  t.after(() => db.close());
  const id = String(db.prepare("SELECT id FROM trail WHERE kind = 'chat' LIMIT 1").get()?.id);
  db.prepare("UPDATE trail SET key_name = 'somebody else' WHERE id = ?").run(id);
  const failed = (await runCli('audit', 'verify', '--data', dataDir).catch((error: unknown) => error)) as Failed;
  assert.equal(failed.code, 1);
  assert.match(failed.stdout, new RegExp(`${id}.*edited: is another one than was written`));
  assert.match(failed.stderr, /the trail is not what was written: 1 findings/);

  const wrong = (await runCli('audit', 'verify', '--data', dataDir, '--expect', '12').catch(
    (e: unknown) => e,
  )) as Failed;
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /--expect wants a head/);
});
