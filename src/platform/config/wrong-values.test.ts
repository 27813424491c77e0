/** What is written wrongly about people, limits, money and where things are kept: the field, what is wrong with it, what to do. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './parse-config.ts';

const MASTER = Buffer.alloc(32, 7).toString('base64');

/** Everything that governs, once, as it should be. */
const GOOD = {
  mcpServers: { s: { url: 'http://x.test/mcp' } },
  organizations: { acme: { labels: { customer: 'acme' }, bounds: { allow: ['*'], deny: ['s/danger'] } } },
  teams: {
    research: {
      organization: 'acme',
      limits: {
        requests: [{ max: 5, per: 'minute', on: ['s/*'] }],
        maxConcurrent: 3,
        budgets: [{ maxUsd: 1.5, per: 'day', timeZone: 'Europe/Berlin', rolling: true, alertAt: [0.8] }],
      },
    },
  },
  keys: [
    {
      ...{ name: 'k', value: 'a-key-0123456789-abcdefg', team: 'research', allow: ['*'], labels: { app: 'x' } },
      ...{ networks: ['10.0.0.0/8'], hours: [{ days: ['mon'], from: '08:00', to: '18:00', timeZone: 'UTC' }] },
    },
  ],
  webhooks: { w: { url: 'https://x.test', secret: '0123456789abcdefg', events: ['budget.exceeded'] } },
  secrets: { vault: { address: 'https://vault.test', auth: { token: 'token' } } },
  sealing: { masterKey: MASTER, oldMasterKeys: [MASTER.replace('B', 'C')], requireMasterKey: true },
  admin: { references: ['env:X_*'], stdioCommands: [{ command: 'npx', args: ['-y', '**'] }] },
  login: {
    sessionIdleMs: 600_000,
    providers: {
      corp: {
        ...{ issuer: 'https://id.test', clientId: 'portcullis', clientSecret: 'secret', defaultRole: 'member' },
        roleMapping: [{ claim: 'groups', value: 'admins', role: 'admin' }],
        teamMapping: [{ claim: 'groups', value: 'eng', team: 'Engineering' }],
      },
    },
  },
  database: { url: 'postgres://portcullis@db.test/portcullis', schema: 'portcullis', poolSize: 5 },
  redis: { url: 'redis://redis.test:6379', timeoutMs: 500, keyPrefix: 'p:' },
};

const parse = (config: unknown) =>
  parseConfig(JSON.stringify(config, null, 1), { file: '/portcullis.json', env: {}, readFile: () => '' });

interface Place {
  readonly path: readonly (string | number)[];
  readonly value: unknown;
}

function placesOf(value: unknown, path: readonly (string | number)[] = []): readonly Place[] {
  const inner = Array.isArray(value)
    ? value.flatMap((each, i) => placesOf(each, [...path, i]))
    : typeof value === 'object' && value !== null
      ? Object.entries(value).flatMap(([name, each]) => placesOf(each, [...path, name]))
      : [];
  return [{ path, value }, ...inner];
}

function replaced(value: unknown, [step, ...rest]: readonly (string | number)[], by: unknown): unknown {
  if (step === undefined) return by;
  if (Array.isArray(value)) return value.map((each, i) => (i === step ? replaced(each, rest, by) : each));
  const object = value as { readonly [name: string]: unknown };
  return { ...object, [step]: replaced(object[step], rest, by) };
}

const render = (path: readonly (string | number)[]): string =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .slice(1);

/** Every problem says where, in which line, and what; some of them about this place or what stands in it. */
function assertRefused(config: unknown, at: string, what: string): void {
  const parsed = parse(config);
  assert.ok(!parsed.ok, `${what} was accepted`);
  for (const { path, line, message } of parsed.problems)
    assert.ok(
      path !== '' && (line ?? 0) > 0 && message.length > 3 && !/Invalid|pattern \//.test(message),
      `${what}: ${path} ${message}`,
    );
  assert.ok(
    parsed.problems.some(({ path }) => path.startsWith(at)),
    `${what}: ${JSON.stringify(parsed.problems)}`,
  );
}

test('the good one is good', () => {
  const parsed = parse(GOOD);
  assert.ok(parsed.ok, JSON.stringify(parsed));
});

test('a value of another type is refused wherever it stands, with its field and line', () => {
  let seen = 0;
  for (const { path, value } of placesOf(GOOD).filter((place) => place.path.length > 0))
    for (const wrong of [null, 5, true, 'x', [], {}, [[]], [{}]]) {
      const isSame = typeof wrong === typeof value && Array.isArray(wrong) === Array.isArray(value);
      if (isSame || (wrong === null && value === null)) continue;
      // Numbers and what stands for them may be written in quotes nowhere; texts never as numbers.
      assertRefused(replaced(GOOD, path, wrong), render(path), `${render(path)} = ${JSON.stringify(wrong)}`);
      seen++;
    }
  assert.ok(seen > 300, String(seen));
});

test('a member that nobody knows is refused in every object, and those that could be meant are those of that object', () => {
  let seen = 0;
  for (const { path, value } of placesOf(GOOD)) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    const at = render([...path, 'zzUnknown']);
    assertRefused(replaced(GOOD, path, { ...value, zzUnknown: 5 }), at, at);
    const parsed = parse(replaced(GOOD, path, { ...value, zzUnknown: 5 }));
    const said = parsed.ok ? undefined : parsed.problems.find((problem) => problem.path === at)?.message;
    const known = /known here: (.*)$/.exec(said ?? '')?.[1]?.split(', ');
    // Where names are free there is nothing to know.
    if (known !== undefined)
      for (const member of Object.keys(value)) assert.ok(known.includes(member), `${at}: ${said} lacks ${member}`);
    seen++;
  }
  assert.ok(seen > 20, String(seen));
});

test('odd texts are refused or taken, and never make reading fail', () => {
  for (const { path, value } of placesOf(GOOD)) {
    if (typeof value !== 'string') continue;
    for (const odd of [
      '',
      ' ',
      'x'.repeat(100_000),
      'ключ 💥 ﷺ',
      '\u0000',
      '\ud800',
      '../../etc/passwd',
      '${',
      '${env:',
      '%00',
    ]) {
      const parsed = parse(replaced(GOOD, path, odd));
      if (parsed.ok) continue;
      for (const { path: at, message, remedy } of parsed.problems)
        assert.ok(`${at} ${message} ${remedy}`.length < 2_000, `${render(path)}: ${message.slice(0, 300)}`);
    }
  }
});

const key = (more: object) => ({ keys: [{ name: 'k', value: 'a-key-0123456789-abcdefg', allow: ['*'], ...more }] });
const limits = (more: object) => key({ limits: more });

/** What is written, and what is said of it. */
const TABLE: readonly (readonly [config: object, said: RegExp])[] = [
  [
    limits({ request: [] }),
    /^keys\[0\]\.limits\.request: unknown field; known here: requests, .*did you mean "requests"\?$/,
  ],
  [limits({ requests: '5/minute' }), /^keys\[0\]\.limits\.requests: expected a list .* put it into a list/],
  [
    limits({ requests: [{ max: 5, per: 'minutes' }] }),
    /\.per: expected one of "second", "minute".* did you mean "minute"\?$/,
  ],
  [limits({ requests: [{ max: 5, per: 'day', on: [] }] }), /\.on: is empty$/],
  [limits({ requests: Array(9).fill({ max: 5, per: 'day' }) }), /\.requests: must be at most 8 entries$/],
  [limits({ maxConcurrent: 0 }), /\.maxConcurrent: must be at least 1$/],
  [
    limits({ budgets: [{ maxUsd: 1, per: 'day', timeZone: 'Berlin' }] }),
    /\.timeZone: is no time zone; write a name such as "Europe\/Berlin"/,
  ],
  [limits({ budgets: [{ maxUsd: 1, per: 'day', alertAt: [80] }] }), /\.alertAt\[0\]: must be at most 1$/],
  [
    limits({ budgets: [{ maxUsd: 1, per: 'day', max: 1 }] }),
    /\.max: unknown field; known here: maxUsd, per, timeZone, rolling, alertAt, on/,
  ],
  [key({ hours: [{ from: '25:00', to: '18:00' }] }), /\.from: expected a time of the day, as "08:00"$/],
  [key({ labels: { 'a b': 'x' } }), /\.labels\["a b"\]: is no name that can stand here; use letters, digits, /],
  [key({ networks: ['10.0.0.0/99'] }), /\.networks\[0\]: is no network: .* write it as "10\.0\.0\.0\/8"/],
  [key({ team: 'nobody' }), /\.team: there is no team of this name in the file; write it under "teams"$/],
  [{ teams: { t: { organization: 'nobody' } } }, /\.organization: there is no organization .* under "organizations"$/],
  [{ teams: { ['x'.repeat(5_000)]: {} } }, /^teams\["x{80}…"\]: expected a name of 1 to 200 characters$/],
  [{ teams: [] }, /^teams: expected an object \{…\} with one entry per team, got a list/],
  [{ organisations: {} }, /^organisations: unknown field; .* did you mean "organizations"\?$/],
  [
    { webhooks: { w: { url: 'http://x.test', secret: '0123456789abcdefg' } } },
    /^webhooks\.w\.url: would send events in clear .* write https/,
  ],
  [
    { webhooks: { w: { url: 'https://x.test', secret: 'short' } } },
    /^webhooks\.w\.secret: is too short; .*openssl rand/,
  ],
  [
    { webhooks: { w: { url: 'https://x.test', secret: '0123456789abcdefg', events: [] } } },
    /^webhooks\.w\.events: is empty$/,
  ],
  [
    { sealing: { masterKey: 'abc' } },
    /^sealing\.masterKey: is no master key: expected 32 bytes in base64; make one with: openssl/,
  ],
  [{ admin: { stdioCommands: [{ command: '' }] } }, /^admin\.stdioCommands\[0\]\.command: is empty$/],
  [{ secrets: { azure: {} } }, /^secrets\.azure: wants exactly one way to sign in; write "clientSecret"/],
  [{ database: 'postgres://x' }, /^database: expected an object \{…\}, got a string; write \{ "url": "…" \}$/],
  [{ database: { url: 'mysql://x' } }, /^database\.url: is no address of PostgreSQL; write postgres:\/\//],
  [
    { database: { url: 'postgres://u@x/y', schema: 'A-B' } },
    /^database\.schema: expected lower-case letters, digits and _, at most 63$/,
  ],
  [{ redis: { url: 'redis://x' } }, /^redis: limits in Redis need a database .* add "database"/],
  [{ login: { sessionIdleMs: -1 } }, /^login\.sessionIdleMs: must be at least 60000$/],
];

test('what is said names the field, what is wrong with it, and what to do', () => {
  for (const [config, said] of TABLE) {
    const parsed = parse(config);
    const all = parsed.ok ? [] : parsed.problems;
    const lines = all.map(
      ({ path, message, remedy }) => `${path}: ${message}${remedy === undefined ? '' : `; ${remedy}`}`,
    );
    assert.ok(
      lines.some((line) => said.test(line)),
      `${JSON.stringify(config).slice(0, 200)} should say ${said}, says ${lines.join(' | ').slice(0, 500)}`,
    );
  }
});
