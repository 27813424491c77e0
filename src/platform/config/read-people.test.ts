import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GatewayConfig } from '../../contracts/config.ts';
import { parseConfig } from './parse-config.ts';

const VALUE = 'a-key-of-the-file-0123456789';

function parse(config: object) {
  return parseConfig(JSON.stringify(config, null, 1), { file: '/portcullis.json', env: {} });
}

function read(config: object): GatewayConfig {
  const result = parse(config);
  assert.ok(result.ok, JSON.stringify(result));
  return result.config;
}

const problems = (config: object): string[] => {
  const result = parse(config);
  assert.ok(!result.ok, 'it was accepted');
  return result.problems.map(({ path, message, remedy }) => `${path}: ${message} -> ${remedy}`);
};

test('a key of the file has its team and organisation above it, with their bounds, limits and labels', () => {
  const { keys, people } = read({
    organizations: { acme: { bounds: { deny: ['github/delete_*'] }, labels: { customer: 'acme', site: 'b' } } },
    teams: {
      research: {
        organization: 'acme',
        bounds: { allow: ['github'], networks: ['10.0.0.0/8'] },
        limits: { budgets: [{ maxUsd: 5, per: 'day' }] },
        labels: { site: 'a' },
      },
      other: {},
    },
    mcpServers: { github: { url: 'https://a.example/mcp' } },
    keys: [
      { name: 'ci', value: VALUE, allow: ['*'], team: 'research', labels: { app: 'x' } },
      { name: 'plain', value: `${VALUE}2`, allow: ['*'] },
    ],
  });
  assert.deepEqual(
    people?.map(({ id, organization, line }) => [id, organization, typeof line]),
    [
      ['config:organization:acme', undefined, 'number'],
      ['config:team:research', 'config:organization:acme', 'number'],
      ['config:team:other', undefined, 'number'],
    ],
  );
  const [ci, plain] = keys;
  assert.deepEqual(
    ci?.levels?.map(({ type, id, name, grant }) => [type, id, name, grant?.allow, grant?.deny, grant?.networks]),
    [
      ['team', 'config:team:research', 'research', ['github'], [], ['10.0.0.0/8']],
      ['organization', 'config:organization:acme', 'acme', ['*'], ['github/delete_*'], undefined],
    ],
  );
  assert.equal(ci?.levels?.[0]?.limits?.budgets[0]?.maxMicroUsd, 5_000_000);
  assert.deepEqual(ci?.labels, { customer: 'acme', site: 'a', app: 'x' });
  assert.deepEqual([plain?.levels, plain?.labels], [undefined, undefined]);
});

test('a team or organisation that is not there, and bounds that cannot be, are refused with their place', () => {
  const key = { name: 'k', value: VALUE, allow: ['*'] };
  const [missing, ...others] = problems({ teams: { research: {} }, keys: [{ ...key, team: 'reserch' }] });
  assert.deepEqual(
    [missing, others],
    ['keys[0].team: there is no team of this name in the file -> did you mean "research"?', []],
  );
  assert.match(
    problems({ teams: { t: { organization: 'acme' } } }).join(),
    /teams\.t\.organization: there is no organization/,
  );
  assert.match(
    problems({ teams: { t: { bounds: { networks: ['10.0.0.0/99'] } } } }).join(),
    /teams\.t\.bounds\.networks/,
  );
  assert.match(problems({ teams: { t: { bounds: { toolMode: 'off' } } } }).join(), /toolMode/);
  assert.match(problems({ teams: { t: { name: 'x' } } }).join(), /name.*unknown field|unknown field/);
  assert.match(problems({ teams: [] }).join(), /teams: expected an object/);
  assert.match(problems({ organizations: { '': {} } }).join(), /1 to 200 characters/);
});
