/** People made at the command line, signing in at a gateway that runs. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { type Browser, createBrowser } from '../support/browser.ts';
import { ROOT, startGateway } from '../support/gateway.ts';

const PASSWORD = 'correct horse battery staple';

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

async function run(input: string, ...args: string[]): Promise<Ran> {
  const child = spawn(process.execPath, [join(ROOT, 'bin/portcullis.mjs'), ...args], { timeout: 30_000 });
  child.stdin.end(input);
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { code: await closed, out, err };
}

async function start(t: TestContext) {
  const gateway = await startGateway(t, { config: { login: { sessionIdleMs: 3_600_000 } } });
  const users = (input: string, ...args: string[]) =>
    run(input, 'users', ...args, '--data', gateway.dataDir, '--config', gateway.configFile);
  const signIn = async (browser: Browser, name: string, password: string) =>
    browser.submit(await browser.get(`${gateway.url}/login`), '/login', { name, password });
  const isIn = async (browser: Browser) => (await browser.get(`${gateway.url}/account`)).status === 200;
  /** What the record says was done to somebody and stands in no body, oldest first. */
  const deeds = async (): Promise<string[]> => {
    const { out } = await run('', 'config', 'changes', '--json', '--data', gateway.dataDir);
    const changes = JSON.parse(out) as { action: string; kind: string; name: string; via: string }[];
    return changes
      .filter(({ kind, action }) => kind === 'user' && !['create', 'update', 'delete'].includes(action))
      .map(({ action, name, via }) => `${action} ${name} ${via}`)
      .reverse();
  };
  return { gateway, users, signIn, isIn, deeds };
}

test('the first owner is made at the command line, signs in, and is shut out at once by it', async (t) => {
  const { gateway, users, signIn, isIn, deeds } = await start(t);
  assert.match((await createBrowser().get(`${gateway.url}/login`)).text, /There are no users yet/);
  const made = await users(`${PASSWORD}\n`, 'create', 'Ada', '--role', 'owner', '--email', 'ada@example.com');
  assert.deepEqual([made.code, made.out], [0, 'Ada is here with the role owner.\n']);
  const browser = createBrowser();
  assert.equal((await signIn(browser, 'ada', PASSWORD)).status, 303);
  assert.equal(await isIn(browser), true);
  assert.match((await users('', 'list')).out, /^Ada\towner\tactive\t1\t.*\tpassword\n$/);

  const alone = await users('', 'disable', 'ADA');
  assert.deepEqual([alone.code, /Ada is the last owner/.test(alone.err)], [1, true]);
  assert.equal((await users('', 'set-role', 'ada', '--role', 'admin')).code, 1);
  assert.equal(await isIn(browser), true);
  await users('', 'create', 'grace', '--role', 'owner', '--no-password');
  assert.equal((await users('', 'disable', 'ADA')).code, 0);
  assert.equal(await isIn(browser), false);
  assert.equal((await signIn(browser, 'ada', PASSWORD)).status, 403);
  await users('', 'enable', 'ada');
  assert.equal((await signIn(browser, 'ada', PASSWORD)).status, 303);
  await users('', 'set-role', 'ada', '--role', 'auditor');
  assert.equal(await isIn(browser), false);
  await signIn(browser, 'ada', PASSWORD);
  assert.equal((await users('', 'sign-out', 'ada')).out, '1 session of Ada ended.\n');
  assert.equal(await isIn(browser), false);
  assert.equal((await users('a new long password\n', 'set-password', 'ada')).code, 0);
  assert.equal((await signIn(browser, 'ada', PASSWORD)).status, 403);
  assert.equal((await signIn(browser, 'ada', 'a new long password')).status, 303);
  assert.equal(gateway.stderr().includes(PASSWORD), false);
  assert.deepEqual(await deeds(), ['end-sessions ada cli', 'set-password ada cli']);
});

test('an invitation is a link to the gateway that sets a password', async (t) => {
  const { gateway, users, signIn, deeds } = await start(t);
  const made = await users('', 'create', 'grace', '--invite', '--json');
  const { inviteUrl, role } = JSON.parse(made.out) as { inviteUrl: string; role: string };
  assert.equal(role, 'member');
  const path = new URL(inviteUrl).pathname;
  const browser = createBrowser();
  const page = await browser.get(`${gateway.url}${path}`);
  assert.equal((await browser.submit(page, path, { password: PASSWORD, again: PASSWORD })).status, 200);
  assert.equal((await signIn(browser, 'grace', PASSWORD)).status, 303);
  for (let i = 0; i < 7; i++) await signIn(createBrowser(), 'grace', 'wrong wrong wrong');
  assert.equal((await signIn(createBrowser(), 'grace', PASSWORD)).status, 429);
  await users('', 'unlock', 'grace');
  assert.equal((await signIn(createBrowser(), 'grace', PASSWORD)).status, 303);
  assert.deepEqual(await deeds(), ['invite grace cli', 'unlock grace cli']);
});

test('what cannot be done says why, and leaves nothing behind', async (t) => {
  const { users } = await start(t);
  const short = await users('short\n', 'create', 'bob');
  assert.equal(short.code, 1);
  assert.match(short.err, /at least 12 characters/);
  const none = await users('', 'create', 'bob');
  assert.equal(none.code, 2);
  assert.match(none.err, /no password on standard input/);
  assert.equal((await users('', 'list')).out, '');
  assert.equal((await users('', 'create', 'bob', '--no-password')).code, 0);
  const again = await users(`${PASSWORD}\n`, 'create', 'BOB');
  assert.equal(again.code, 1);
  assert.match(again.err, /there is a user "BOB" already/);
  assert.match((await users('', 'disable', 'eve')).err, /there is no user "eve"/);
  assert.equal((await users('', 'create', 'x', '--role', 'root')).code, 2);
  assert.match((await users('', 'list')).out, /^bob\tmember\tactive\t0\t.*\t\(none yet\)\n$/);
});
