import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createTempDir } from '../../../test/support/temp-dir.ts';
import { runCommand } from './fixtures/run-command.ts';

async function listen(t: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('models are listed as the gateway lists them to the key', async (t) => {
  const seen: (string | undefined)[] = [];
  const data = [{ id: 'fake/echo', object: 'model', owned_by: 'fake' }, { id: 'fast' }];
  const url = await listen(t, (request, response) => {
    seen.push(`${request.url} ${request.headers.authorization}`);
    response.end(JSON.stringify({ object: 'list', data }));
  });
  const listed = await runCommand(['models', '--url', url, '--key', 'secret']);
  assert.equal(listed.stdout, 'fake/echo\tfake\nfast\t-\n', listed.stderr);
  assert.deepEqual(JSON.parse((await runCommand(['models', '--url', url, '--json'])).stdout), data);
  assert.equal(seen[0], '/v1/models Bearer secret');
});

test('a gateway without providers says so; another program is told apart from it', async (t) => {
  const gateway = await listen(t, (request, response) => {
    response.statusCode = request.url === '/ready' ? 200 : 404;
    response.end('{}');
  });
  const none = await runCommand(['models', '--url', gateway]);
  assert.equal(none.code, 1);
  assert.match(none.stderr, /has no models/);
  const stranger = await listen(t, (_, response) => response.writeHead(404).end());
  assert.equal((await runCommand(['models', '--url', stranger])).code, 3);
});

test('a key for models of a provider that is not configured is made, with a hint', async (t) => {
  const folder = await createTempDir(t);
  const config = join(folder, 'portcullis.json');
  await writeFile(config, '{"providers":{"fake":{}}}');
  const create = [
    'keys',
    'create',
    '--config',
    config,
    '--name',
    'a',
    '--allow',
    'model:*',
    '--allow',
    'model:fake/echo',
  ];
  const known = await runCommand(create);
  assert.equal(known.code, 0, known.stderr);
  assert.doesNotMatch(known.stderr, /provider/);
  const unknown = await runCommand([...create, '--allow', 'model:fakr/echo']);
  assert.equal(unknown.code, 0);
  assert.match(unknown.stderr, /no provider "fakr"/);
});
