import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createGuardedFetch, mayReach, reachOf } from './guarded-fetch.ts';

async function startServer(t: TestContext): Promise<string> {
  const server = createServer((request, response) => {
    const path = request.url ?? '/';
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    if (path === '/same') response.writeHead(302, { location: '/end' }).end();
    else if (path === '/loop') response.writeHead(302, { location: '/loop' }).end();
    else if (path === '/other') response.writeHead(302, { location: origin.replace('127.0.0.1', 'localhost') }).end();
    else if (path === '/large') response.end('x'.repeat(300_000));
    else response.end(path);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const never = new AbortController().signal;

test('addresses are told apart however they are written', () => {
  const reaches = {
    loopback: ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1'],
    private: ['10.0.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fd00::1', 'fec0::1', '::ffff:10.0.0.1'],
    forbidden: [
      '169.254.169.254',
      '0.0.0.0',
      '::',
      'fe80::1',
      '224.0.0.1',
      '::ffff:169.254.169.254',
      ...[
        '64:ff9b::7f00:1',
        '64:ff9b:1::7f00:1',
        '2002:7f00:1::',
        '2001:0:7f00:1::',
        '::127.0.0.1',
        '::ffff:0:127.0.0.1',
      ],
      ...['100.100.100.200', '168.63.129.16', '::ffff:168.63.129.16', 'fd00:ec2::254', '255.255.255.255'],
    ],
    public: ['93.184.216.34', '2606:2800::1', '172.32.0.1', '100.128.0.1', '168.63.129.17'],
  } as const;
  for (const [reach, addresses] of Object.entries(reaches))
    for (const address of addresses) assert.equal(reachOf(address), reach, address);
});

test('nothing nearer than the server itself may be reached, and link-local addresses never', () => {
  assert.deepEqual(
    (['public', 'private', 'loopback', 'forbidden'] as const).map((target) =>
      (['public', 'private', 'loopback'] as const).filter((server) => mayReach(target, server)),
    ),
    [['public', 'private', 'loopback'], ['private', 'loopback'], ['loopback'], []],
  );
});

test('a public server cannot send us to this machine, neither by address nor by name', async (t) => {
  const origin = await startServer(t);
  const fetchFn = createGuardedFetch('https://93.184.216.34/mcp', never);
  await assert.rejects(fetchFn(`${origin}/end`), /not allowed/);
  await assert.rejects(fetchFn(`${origin.replace('127.0.0.1', 'localhost')}/end`), /not allowed/);
  await assert.rejects(fetchFn('file:///etc/passwd'), /only http/);
});

test('redirects stay within one origin, and end', async (t) => {
  const origin = await startServer(t);
  const fetchFn = createGuardedFetch(origin, never);
  assert.equal(await (await fetchFn(`${origin}/same`)).text(), '/end');
  assert.equal((await fetchFn(`${origin}/other`)).status, 302);
  assert.equal((await fetchFn(`${origin}/loop`)).status, 302);
});

test('an answer that is too large is given up', async (t) => {
  const origin = await startServer(t);
  await assert.rejects(createGuardedFetch(origin, never)(`${origin}/large`), /larger than/);
});
