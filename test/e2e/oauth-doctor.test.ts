/** `portcullis oauth doctor` against servers that are well, and such that are not: what it says, and its exit code. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Finding } from '../../src/upstreams/oauth/finding.ts';
import { type OAuthServer, startOAuthServer } from '../../src/upstreams/oauth/testing/oauth-server.ts';
import { startAccountServer, startTenant } from '../support/account-server.ts';
import { perUser, startConnectSite } from '../support/connect-site.ts';
import { runCli } from '../support/gateway.ts';
import { createTempDir } from '../support/temp-dir.ts';

interface Report {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
}

/** Whatever the exit code. */
async function examine(
  config: object,
  dataDir: string,
  ...args: string[]
): Promise<Report & { readonly code: number }> {
  const file = join(dataDir, 'doctor.json');
  await writeFile(file, JSON.stringify(config));
  const run = runCli('oauth', 'doctor', 'files', '--config', file, '--data', dataDir, '--json', ...args);
  const { stdout, code } = await run.then(
    (text) => ({ stdout: text, code: 0 }),
    (error: { stdout: string; code: number }) => error,
  );
  return { ...(JSON.parse(stdout) as Report), code };
}

const verdicts = ({ findings }: Report): string[] => findings.map(({ step, verdict }) => `${step}: ${verdict}`);

test('of a server that is well, with a credential that works, every step is said to be', async (t) => {
  const tenant = await startTenant(t, { type: 'dynamic' });
  const server = await startAccountServer(t, 'modern', tenant);
  const config = perUser({ files: server.mcpUrl });
  const site = await startConnectSite(t, config);
  await site.connect(await site.browserOf('ada'), 'files', 'ada@files');
  const report = await examine(config, site.dataDir, '--user', 'ada', '--refresh');
  assert.deepEqual([report.code, report.ok], [0, true], JSON.stringify(report));
  assert.deepEqual(verdicts(report), [
    'server: ok',
    'resource metadata: ok',
    'authorization server metadata: ok',
    'registration: ok',
    'authorization request: ok',
    'token: ok',
    'refresh: ok',
  ]);
  assert.ok(!server.sent.some((header) => JSON.stringify(report).includes(header.slice('Bearer '.length))));
  // The gateway goes on with what the command stored.
  const again = await examine(config, site.dataDir, '--user', 'ada');
  assert.equal(again.findings.find(({ step }) => step === 'token')?.verdict, 'ok');
  tenant.revokeAll();
  const revoked = await examine(config, site.dataDir, '--user', 'ada', '--refresh');
  assert.equal(revoked.code, 1);
  assert.deepEqual(verdicts(revoked).slice(-2), ['token: wrong', 'refresh: wrong']);
});

const BROKEN: { readonly [what: string]: readonly [(server: OAuthServer) => object | undefined, string, RegExp] } = {
  'a server that does not answer': [() => ({ url: 'http://127.0.0.1:9/mcp' }), 'server', /does not answer/],
  'metadata of the resource that name an issuer that is not there': [
    (server) => {
      server.authorizationServer = 'http://127.0.0.1:9';
      return undefined;
    },
    'authorization server metadata',
    /no document/,
  ],
  'an issuer at an address that is not allowed': [
    (server) => {
      server.authorizationServer = 'http://169.254.169.254';
      return undefined;
    },
    'authorization server metadata',
    /not allowed/,
  ],
  'metadata of another issuer': [
    (server) => {
      server.metadata = { issuer: 'https://evil.example' };
      return undefined;
    },
    'authorization server metadata',
    /of the issuer "https:\/\/evil\.example"/,
  ],
  'no PKCE': [
    (server) => {
      server.metadata = { code_challenge_methods_supported: ['plain'] };
      return undefined;
    },
    'authorization server metadata',
    /PKCE/,
  ],
  'an address to sign in at that is a script': [
    (server) => {
      server.metadata = { authorization_endpoint: 'javascript:alert(1)' };
      return undefined;
    },
    'authorization server metadata',
    /not http or https/,
  ],
  'no way to register': [
    (server) => {
      server.metadata = { registration_endpoint: undefined };
      return undefined;
    },
    'registration',
    /registers nobody/,
  ],
};

for (const [what, [breakIt, step, says]] of Object.entries(BROKEN)) {
  test(`${what} is found, with a remedy and exit code 1`, async (t: TestContext) => {
    const server = await startOAuthServer();
    t.after(() => server[Symbol.asyncDispose]());
    const entry = breakIt(server) ?? { url: server.mcpUrl };
    const report = await examine({ mcpServers: { files: entry } }, await createTempDir(t));
    assert.deepEqual([report.code, report.ok], [1, false], JSON.stringify(report));
    const wrong = report.findings.filter(({ verdict }) => verdict === 'wrong');
    assert.deepEqual(
      wrong.map((each) => each.step),
      [step],
    );
    assert.match(wrong[0]?.text ?? '', says);
    assert.ok(wrong[0]?.remedy);
  });
}
