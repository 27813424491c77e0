// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** The redis section: where gateways count limits together. */

import type { RedisConfig } from '../../contracts/config-sections.ts';
import { Secret } from '../../contracts/secret.ts';
import { type Document, readPart } from './document.ts';
import { RedisSection } from './redis-schema.ts';
import { nodeAt } from './report.ts';

/** Undefined: there is no such section, or it cannot be used, which is reported. */
export function readRedis(document: Document): RedisConfig | undefined {
  const node = nodeAt(document.root, ['redis']);
  if (node === undefined) return undefined;
  const redis = readPart(document, ['redis'], node, RedisSection, Object.keys(RedisSection.shape));
  const { report } = document;
  if (nodeAt(document.root, ['database']) === undefined)
    report.problem(
      ['redis'],
      'limits in Redis need a database that gateways share: budgets are read from what was spent, which SQLite keeps for one gateway alone',
      'add "database": { "url": "${env:DATABASE_URL}" }, or take the section out: one gateway counts by itself',
    );
  if (redis === undefined) return undefined;
  const url = URL.canParse(redis.url) ? new URL(redis.url) : undefined;
  const written = nodeAt(node, ['url']);
  const isInClear = written?.type === 'scalar' && written.value === redis.url;
  if ((url?.protocol !== 'redis:' && url?.protocol !== 'rediss:') || url.hostname === '')
    report.problem(['redis', 'url'], 'is no address of Redis', 'write redis://host:6379 or rediss://host:6379');
  else if (url.password !== '' && isInClear)
    report.warning(
      ['redis', 'url'],
      'the password stands in the file in clear',
      'write ${env:REDIS_URL} and set that variable before starting',
    );
  return { ...redis, url: new Secret(redis.url) };
}
