import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ROOT, startGateway } from '../support/gateway.ts';
import { createTempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);

test('the examples of the guide to the admin API do what it says, in their order', async (t) => {
  const gateway = await startGateway(t, { config: {} });
  const guide = readFileSync(join(ROOT, 'docs/guide/admin-api.md'), 'utf8');
  const examples = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
  assert.ok(examples.length > 5);
  const portcullis = `portcullis() { '${process.execPath}' '${join(ROOT, 'bin/portcullis.mjs')}' "$@" --data '${gateway.dataDir}'; }`;
  const script = [
    'set -eu -o pipefail',
    portcullis,
    ...examples.map((code, i) => `echo; echo "=== ${i}"\n${code}`),
  ].join('\n');
  const folder = await createTempDir(t);
  const { stdout } = await run('bash', ['-c', script], {
    ...{ cwd: folder, timeout: 60_000, env: { ...process.env, URL: gateway.url } },
  });
  const [me = '', made = '', rotated = '', put = '', twice = '', read = '', wrong = ''] = stdout
    .split(/^=== \d+$/m)
    .slice(1);
  assert.equal(JSON.parse(me).role, 'owner');
  assert.match(made, /"secret":"pck_/);
  assert.equal(JSON.parse(rotated).secrets.length, 2);
  assert.match(put, /"version":2/);
  const [first, second] = twice.trim().split(/(?<=\})(?=\{)/);
  assert.ok(first !== undefined && first === second);
  assert.match(read, /"actor":\{"type":"admin-token"/);
  assert.deepEqual(
    JSON.parse(wrong).errors.map(({ pointer }: { pointer: string }) => pointer),
    ['/grant/allow', '/grant/alow'],
  );
});
