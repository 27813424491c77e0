// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are the subject
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse-config.ts';

const env = { REDIS_URL: 'rediss://gateway:hush@redis.example:6380/2' };
const database = { url: 'postgres://db/x' };
const parse = (config: object) => parseConfig(JSON.stringify(config), { file: '/p.json', env });
const complaints = (config: object): string[] => {
  const result = parse({ mcpServers: {}, ...config });
  const problems = result.ok ? result.warnings : result.problems;
  return problems.filter(({ path }) => path !== '').map(({ path, message }) => `${path}: ${message}`);
};

test('Redis is named by its address, best as a reference; everything else has a default', () => {
  const result = parse({ database, redis: { url: '${env:REDIS_URL}' } });
  assert.ok(result.ok);
  assert.equal(result.config.redis?.url.open(), env.REDIS_URL);
  assert.deepEqual(
    { ...result.config.redis, url: undefined },
    { url: undefined, timeoutMs: 1_000, keyPrefix: 'portcullis:' },
  );
  assert.ok(!JSON.stringify(result.config).includes('hush'));
  assert.deepEqual(complaints({ database, redis: { url: '${env:REDIS_URL}' } }), []);
});

test('Redis without a database is refused, and the reason told', () => {
  assert.match(complaints({ redis: { url: 'redis://r' } })[0] ?? '', /^redis: limits in Redis need a database/);
});

test('an address that is none, a password in clear and what is out of bounds are spoken of without being repeated', () => {
  const of = (redis: object): string[] => complaints({ database, redis });
  for (const url of ['http://root:hush@r', 'redis://', 'r:6379'])
    assert.deepEqual(of({ url }), ['redis.url: is no address of Redis']);
  assert.deepEqual(of({ url: env.REDIS_URL }), ['redis.url: the password stands in the file in clear']);
  assert.match(of({ url: 'redis://r', timeoutMs: 60_001 })[0] ?? '', /^redis\.timeoutMs: /);
  assert.match(of({ url: 'redis://r', keyPrefix: '{x}' })[0] ?? '', /^redis\.keyPrefix: /);
  assert.match(of({ url: 'redis://r', prefix: 'a' })[0] ?? '', /^redis\.prefix: /);
});
