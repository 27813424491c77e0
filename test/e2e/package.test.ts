/** What is published works without the sources, and asks for no package that it does not name. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { findWorker } from '../../src/platform/sandbox/python/worker-command.ts';
import { postForm, registerClient } from '../support/authorization-site.ts';
import { ROOT } from '../support/gateway.ts';
import { callTool } from '../support/raw-client.ts';
import { startProcess } from '../support/start-process.ts';
import { createTempDir } from '../support/temp-dir.ts';
import { waitFor } from '../support/wait-for.ts';

const run = promisify(execFile);
const KEY = 'pck_e2e_package_0123456789abcdef';

/** By dialect. Each is run by what is started from a file of its own. */
const SCRIPTS = {
  python: 'loud = await asyncio.gather(*[desk.shout(text=w) for w in ["a", "b"]])\n" ".join(loud)',
  javascript: '(await Promise.all(["a", "b"].map((text) => desk.shout({text})))).join(" ")',
};

/** As npm would install what is published: its files, and beside them what it names as dependencies. */
async function install(folder: string): Promise<string> {
  const { files, dependencies, optionalDependencies } = JSON.parse(
    await readFile(join(ROOT, 'package.json'), 'utf8'),
  ) as { files: string[]; dependencies: object; optionalDependencies: object };
  const modules = join(folder, 'node_modules');
  const home = join(modules, 'portcullis');
  for (const file of [...files, 'package.json']) await cp(join(ROOT, file), join(home, file), { recursive: true });
  // Links: what these need themselves is found where they lie.
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), join(modules, name));
  }
  return join(home, 'bin/portcullis.mjs');
}

test('the built package hosts tools and runs scripts, and ships the types that files of tools are checked with', {
  timeout: 120_000,
}, async (t) => {
  await run(process.execPath, [join(ROOT, 'scripts/build.ts')]);
  const folder = await createTempDir(t);
  const command = await install(await createTempDir(t));
  const tool = join(folder, 'shout.ts');
  const source = (argument: string): string => `import { tool, z } from 'portcullis/tools';
    export default tool({ description: 'd', input: z.object({ text: z.string() }), handler: ({ ${argument} }) => ${argument}.toUpperCase() });`;

  const tsc = async (argument: string): Promise<string> => {
    await writeFile(tool, source(argument));
    const paths = { 'portcullis/tools': [join(ROOT, 'dist/tools.d.ts')] };
    const compilerOptions = { strict: true, noEmit: true, module: 'nodenext', target: 'es2024', types: [], paths };
    await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [tool] }));
    const args = [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder];
    return run(process.execPath, args).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    );
  };
  assert.match(await tsc('texts'), /Property 'texts' does not exist on type '\{ text: string; \}'/);
  assert.equal(await tsc('text'), '');

  const { exports } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    exports: { './tools': { types: string; default: string } };
  };
  assert.deepEqual(exports['./tools'], { types: './dist/tools.d.ts', default: './dist/tools.js' });

  for (const [dialect, code] of Object.entries(SCRIPTS)) {
    if (dialect === 'python' && findWorker() === undefined) continue;
    const configFile = join(folder, `${dialect}.json`);
    const keys = [{ name: 'e2e', value: KEY, allow: ['*'] }];
    const codeMode = { mode: 'code', dialect };
    const authorization = { server: {} };
    await writeFile(
      configFile,
      JSON.stringify({ mcpServers: { desk: { folder: '.' } }, codeMode, keys, authorization }),
    );
    const serve = ['serve', '--config', configFile, '--data', join(folder, dialect), '--port', '0', '--json'];
    const gateway = await startProcess(t, { command: process.execPath, args: [command, ...serve] });
    const { mcpUrl } = JSON.parse(gateway.readyLine) as { mcpUrl: string };
    const answer = await waitFor('the tool', async () => {
      const { result } = await callTool({ mcpUrl }, KEY, 'desk__shout', { text: 'quiet' });
      return result;
    });
    assert.deepEqual(answer.content, [{ type: 'text', text: 'QUIET' }]);
    const { result } = await callTool({ mcpUrl }, KEY, 'run_code', { code });
    assert.match(JSON.stringify(result), /A B/, dialect);

    // The OAuth library goes by names of its classes, which a bundler may change.
    const site = { url: new URL(mcpUrl).origin };
    const clientId = await registerClient(site, 'https://editor.example/callback');
    const unknown = { grant_type: 'refresh_token', refresh_token: 'por_x', client_id: clientId };
    assert.equal((await postForm(`${site.url}/oauth/token`, unknown)).body.error, 'invalid_grant');
    assert.equal(
      (await postForm(`${site.url}/oauth/token`, { ...unknown, client_id: 'x' })).body.error,
      'invalid_client',
    );
    const bundled = await readFile(join(ROOT, 'dist/portcullis.js'), 'utf8');
    for (const name of ['AuthorizationCode', 'AccessToken', 'RefreshToken', 'Interaction', 'Session', 'Grant'])
      assert.match(bundled, new RegExp(`\\bclass ${name} extends\\b`), name);
  }
});
