// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are the subject
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadConfig } from './load-config.ts';
import { renderProblems } from './render-problems.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-config-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'portcullis.json');

test('a file that is missing, a folder or no UTF-8 is a problem with a remedy', async () => {
  const read = async (path: string) => {
    const result = await loadConfig({ file: path, env: {} });
    assert.ok(!result.ok);
    return renderProblems(result.problems);
  };
  const gone = join(folder, 'gone.json');
  assert.equal(
    await read(gone),
    `  there is no file ${gone}\n  -> make one with: portcullis init, or name another with --config`,
  );
  assert.equal(await read(folder), `  ${folder} is a folder\n  -> name the file in it: ${folder}/portcullis.json`);
  const latin = join(folder, 'latin.json');
  writeFileSync(latin, Buffer.from([0x7b, 0xe4, 0x7d]));
  assert.equal(await read(latin), '  the file is not UTF-8 text\n  -> save it as UTF-8');
  const big = join(folder, 'big.json');
  writeFileSync(big, ' '.repeat(5_000_000));
  assert.match(await read(big), /too large/);
});

test('an envFile is read from the folder of the configuration, and env wins over it', async () => {
  mkdirSync(join(folder, 'secrets'));
  writeFileSync(join(folder, 'secrets', '.env'), '# comment\nexport A="one two"\nB=from-file\nC=3\nQUOTED=\'x\'\n');
  const entry = { command: 'x', envFile: '${workspaceFolder}/secrets/.env', env: { B: 'from-env', C: null } };
  writeFileSync(
    file,
    `\uFEFF${JSON.stringify({ servers: { a: entry, b: { ...entry, envFile: 'secrets/.env', env: {} } } })}`,
  );
  const result = await loadConfig({ file, env: {} });
  assert.ok(result.ok, JSON.stringify(result));
  const opened = result.config.servers.map(({ transport }) =>
    transport.type === 'stdio'
      ? Object.fromEntries(Object.entries(transport.env).map(([name, secret]) => [name, secret.open()]))
      : undefined,
  );
  assert.deepEqual(opened, [
    { A: 'one two', B: 'from-env', QUOTED: 'x' },
    { A: 'one two', B: 'from-file', C: '3', QUOTED: 'x' },
  ]);
  assert.ok(!JSON.stringify(result.config).includes('from-file'));
});

test('an envFile that is not there is a problem at its place', async () => {
  writeFileSync(file, '{\n "servers": { "a": { "command": "x", "envFile": "nope.env" } }\n}');
  const result = await loadConfig({ file, env: {} });
  assert.ok(!result.ok);
  assert.equal(
    renderProblems(result.problems, 'p.json'),
    `p.json:2:49  servers.a.envFile\n  the file cannot be read (ENOENT)\n  -> paths are relative to ${folder}`,
  );
});
