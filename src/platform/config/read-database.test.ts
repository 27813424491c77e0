// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are the subject
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTempDir } from '../../../test/support/temp-dir.ts';
import { loadDatabase } from './load-database.ts';
import { parseConfig } from './parse-config.ts';

const env = { DATABASE_URL: 'postgres://gateway:hush@db.example:5432/main?sslmode=verify-full' };
const complaints = (database: object): string[] => {
  const result = parseConfig(JSON.stringify({ mcpServers: {}, database }), { file: '/p.json', env });
  const problems = result.ok ? result.warnings : result.problems;
  return problems.filter(({ path }) => path !== '').map(({ path, message }) => `${path}: ${message}`);
};

test('a database is named by its address, best as a reference; everything else has a default', () => {
  const result = parseConfig('{"database": {"url": "${env:DATABASE_URL}"}}', { file: '/p.json', env });
  assert.ok(result.ok);
  assert.equal(result.config.database?.url.open(), env.DATABASE_URL);
  assert.deepEqual(
    { ...result.config.database, url: undefined },
    { url: undefined, schema: 'portcullis', poolSize: 10, statementTimeoutMs: 10_000 },
  );
  assert.ok(!JSON.stringify(result.config).includes('hush'));
  assert.deepEqual(complaints({ url: '${env:DATABASE_URL}' }), []);
});

test('an address that is none, and a password in clear, are spoken of without being repeated', () => {
  assert.deepEqual(complaints({ url: 'mysql://root:hush@db/x' }), ['database.url: is no address of PostgreSQL']);
  assert.deepEqual(complaints({ url: env.DATABASE_URL }), ['database.url: the password stands in the file in clear']);
  assert.deepEqual(complaints({ url: 'postgres://db/x' }), []);
  assert.match(complaints({ url: 'postgres://db/x', schema: 'Drop Table' })[0] ?? '', /^database\.schema: /);
  assert.match(complaints({ url: 'postgres://db/x', pool: 3 })[0] ?? '', /^database\.pool: /);
});

test('a command finds the database in a file that is otherwise wrong only if the file names none', async (t) => {
  const dir = await createTempDir(t);
  const file = join(dir, 'portcullis.json');
  assert.deepEqual(await loadDatabase({ file, env }), { database: undefined });
  writeFileSync(file, '{"nonsense": 1}');
  assert.deepEqual(await loadDatabase({ file, env }), { database: undefined });
  writeFileSync(file, '{"nonsense": 1, "database": {"url": "postgres://db/x"}}');
  assert.ok('problems' in (await loadDatabase({ file, env })));
  writeFileSync(file, '{"database": {"url": "postgres://db/x"}}');
  const found = await loadDatabase({ file, env });
  assert.equal('database' in found && found.database?.url.open(), 'postgres://db/x');
});
