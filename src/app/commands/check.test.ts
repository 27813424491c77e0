import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTempDir } from '../../../test/support/temp-dir.ts';
import { runCommand } from './fixtures/run-command.ts';

test('every problem of a configuration is printed, not only the first', async (t) => {
  const folder = await createTempDir(t);
  const file = join(folder, 'portcullis.json');
  await writeFile(file, '{ "mcpServers": { "a": { "comand": "x" } }, "listen": { "port": "many" }, "auditt": {} }');
  const plain = await runCommand(['check', '--config', file]);
  assert.equal(plain.code, 1);
  for (const word of ['comand', 'listen.port', 'auditt', file]) assert.ok(plain.stdout.includes(word), word);

  const json = await runCommand(['check', '--json'], { cwd: folder });
  assert.equal(json.code, 1);
  const { ok, problems } = JSON.parse(json.stdout);
  assert.equal(ok, false);
  assert.ok(problems.length >= 3);
});

test('a good configuration passes, with its values taken from the environment and none of them shown', async (t) => {
  const folder = await createTempDir(t);
  await writeFile(
    join(folder, 'portcullis.json'),
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a reference.
    '{ /* two */ "mcpServers": { "a": { "url": "http://127.0.0.1:9/mcp", "headers": { "x": "${env:TOKEN}" } } } }',
  );
  const unset = await runCommand(['check'], { cwd: folder });
  assert.equal(unset.code, 1);
  assert.match(unset.stdout, /TOKEN/);
  const set = await runCommand(['check', '--json'], { cwd: folder, env: { TOKEN: 'hush-hush-value' } });
  assert.equal(set.code, 0, set.stdout);
  assert.ok(!set.stdout.includes('hush-hush-value'));
});

test('secrets that a configuration refers to are fetched, unless they shall not be', async (t) => {
  const folder = await createTempDir(t);
  const apiKey = `\${file:${folder}/key}`;
  await writeFile(join(folder, 'portcullis.json'), JSON.stringify({ providers: { openai: { apiKey } } }));
  const missing = await runCommand(['check'], { cwd: folder });
  assert.equal(missing.code, 1);
  assert.match(missing.stdout, /providers\.openai\.apiKey\n {2}there is no file/);
  const offline = await runCommand(['check', '--offline'], { cwd: folder });
  assert.equal(offline.code, 0, offline.stdout);
  assert.match(offline.stdout, /is not fetched here/);
  await writeFile(join(folder, 'key'), 'sk-planted-in-a-file\n');
  const found = await runCommand(['check'], { cwd: folder });
  assert.equal(found.code, 0, found.stdout);
  assert.ok(!found.stdout.includes('sk-planted'));
});

test('a file that is not there is a problem with a remedy', async (t) => {
  const ran = await runCommand(['check'], { cwd: await createTempDir(t) });
  assert.equal(ran.code, 1);
  assert.match(ran.stdout, /portcullis init/);
});
