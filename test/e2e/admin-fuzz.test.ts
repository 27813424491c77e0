import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ERRORS } from '../../src/contracts/errors.ts';
import { KeyShape, UserShape } from '../../src/contracts/shapes/directory.ts';
import type { Operation } from '../../src/edges/admin/define-operation.ts';
import { type Asked, SETUP, startAdmin } from '../support/admin-api.ts';
import { addUnknown, arbitraryOf, spoilt } from '../support/schema-arbitrary.ts';

/** Of each operation; more with ADMIN_FUZZ_RUNS. */
const RUNS = Number(process.env.ADMIN_FUZZ_RUNS ?? 20);
const SECRET = /pc[ka]_[A-Za-z0-9_-]{43}/;
const HEX_64 = /[0-9a-f]{64}/;

const odd = (...values: string[]): fc.Arbitrary<string | undefined> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...values) });

const ETAGS = odd('*', '"1"', '"2"', '1', '""', '"-1"', 'W/"1"', '"1","2"', `"${'9'.repeat(40)}"`, 'x'.repeat(5_000));
const MOSTLY_ANY = fc.oneof(
  { weight: 3, arbitrary: fc.constant<string | undefined>('*') },
  { weight: 1, arbitrary: ETAGS },
);
const IDEMPOTENCY_KEYS = odd('a', 'b', 'x'.repeat(255), 'x'.repeat(256), 'a b', '%');

const IDS = ['team_1', 'org_1', 'user_1', 'key_1', 'token_1', 'config:ci', 'filed', 'stored', 'github', 'call_1'];

/** What there is, so that requests get beyond their check. */
const WORDS = {
  ...{
    user: ['user_1'],
    team: ['team_1'],
    teams: ['team_1'],
    organization: ['org_1'],
    server: ['github'],
  },
  ...{ timeZone: ['UTC', 'Europe/Berlin'], limit: ['1', '500'], hash: ['a'.repeat(64)], networks: ['10.0.0.0/8'] },
  ...{ allow: ['github/*', 'model:*'], deny: ['github'], on: ['model:openai/*', '*'], providerKeys: ['openai/*'] },
  ...{ cursor: [], label: ['customer'], url: ['https://x.test'], expiresAtMs: [] },
};

const ID_OF: { readonly [tag: string]: string } = {
  ...{
    organizations: 'org_1',
    teams: 'team_1',
    users: 'user_1',
    keys: 'key_1',
    me: 'key_1',
    'admin-tokens': 'token_1',
  },
  ...{ configuration: 'stored', catalogue: 'github', trail: 'call_1' },
};

function pathOf(operation: Operation): fc.Arbitrary<string> {
  const odd = fc.constantFrom('..', '%2e%2e', '%00', '%ff', "a'b", 'ü', 'x'.repeat(500), '*', ' ', '%2f', ...IDS);
  const any = fc.string({ minLength: 1, maxLength: 10 }).map((text) => encodeURIComponent(text.toWellFormed()));
  const segment = fc.oneof(
    { weight: 6, arbitrary: fc.constant(ID_OF[operation.tag] ?? 'x') },
    { weight: 2, arbitrary: odd },
    { weight: 1, arbitrary: any },
  );
  return segment.map((each) => operation.path.replace(/\{\w+\}/, each));
}

function queryOf(operation: Operation): fc.Arbitrary<string> {
  const declared = arbitraryOf(operation.query, WORDS) as fc.Arbitrary<{ readonly [name: string]: unknown }>;
  const values = fc.constantFrom(
    '0',
    '1',
    '500',
    '501',
    '-1',
    '1e3',
    '',
    'x',
    '%00',
    '%F0%9F%92%A5',
    `${'9'.repeat(400)}`,
    'eyJhIjoxfQ',
  );
  const extra = fc.dictionary(fc.constantFrom('limit', 'cursor', 'x', 'name', 'by', 'label', 'sinceMs'), values, {
    maxKeys: 2,
  });
  return fc
    .tuple(declared, fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: extra }))
    .map(([good, bad]) => {
      const pairs = Object.entries(good).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
      return [...pairs, ...Object.entries(bad).map(([name, value]) => `${name}=${value}`)].join('&');
    });
}

function bodyOf({ body }: Operation): fc.Arbitrary<string | undefined> {
  const text = fc.constantFrom(
    '',
    '{',
    'null',
    '[]',
    '"x"',
    '1',
    `${'['.repeat(5_000)}${']'.repeat(5_000)}`,
    '{"a":1,"a":2}',
    '{"name":1e999}',
    `{"name":"${'x'.repeat(20_000)}"}`,
  );
  if (body === undefined)
    return fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: text });
  const good = arbitraryOf(body, WORDS);
  const json = fc.oneof(good, good, spoilt(good), spoilt(spoilt(good))).map((value) => JSON.stringify(value) ?? '');
  return fc.oneof({ weight: 8, arbitrary: json }, { weight: 1, arbitrary: text });
}

/** One that should succeed. */
function goodRequest({ path, tag, body, precondition }: Operation) {
  const words = tag === 'definitions' ? { ...WORDS, name: ['get'] } : WORDS;
  // A key of a team names no organisation itself.
  const rest =
    tag === 'keys' ? { organization: undefined } : tag === 'explain' ? { key: 'key_1', grant: undefined } : {};
  return fc.tuple(
    fc.constant(path.replace(/\{\w+\}/, ID_OF[tag] ?? 'x')),
    fc.constant(''),
    body === undefined
      ? fc.constant(undefined)
      : arbitraryOf(body, words, { onlyKnown: true }).map((value) => JSON.stringify({ ...(value as object), ...rest })),
    fc.constant(precondition === 'required' ? '*' : undefined),
    fc.constant(undefined),
  );
}

test('no input makes the admin API fail, change anything it refuses, or answer what it did not declare', async (t) => {
  const { operations, ask, seq, failures, objects, addUser, tokenIds } = await startAdmin(t);
  await addUser('user_1', { name: 'ada', role: 'admin' });
  const FIXTURES = {
    organization: ['org_1', { name: 'o', labels: {} }],
    team: ['team_1', { name: 't', labels: {} }],
    user: ['user_1', UserShape.parse({ name: 'ada', role: 'admin' })],
    key: ['key_1', KeyShape.parse({ name: 'k', type: 'personal', user: 'user_1', grant: {}, secrets: [] })],
    'admin-token': ['token_1', { name: 'x', role: 'auditor', secrets: [] }],
  } as const;
  /** As they were, whatever the request before did to them. */
  const restore = async (operation: Operation): Promise<void> => {
    const [plural] = operation.path.slice(1).split('/');
    if (operation.tag === 'configuration') await ask('POST', `/${plural}`, { body: { name: 'stored', body: {} } });
    for (const kind of ['organization', 'team', 'user', 'key', 'admin-token'] as const) {
      const [id, body] = FIXTURES[kind];
      const found = await objects.find(kind, id);
      if (JSON.stringify(found?.body) === JSON.stringify(body)) continue;
      const write = { kind, id, name: body.name, body, ifVersion: undefined };
      await objects.write([{ action: found === undefined ? 'create' : 'update', ...write }], SETUP, 1);
    }
  };
  const seen = new Map<string, Set<number>>();

  const check = async (operation: Operation, answer: Asked, before: number, what: string): Promise<void> => {
    const { id, status, problems } = { ...operation, status: answer.status, problems: operation.problems ?? [] };
    seen.set(id, (seen.get(id) ?? new Set()).add(status));
    assert.ok(status < 500, `${what} ${answer.text}\n${failures.join('\n')}`);
    if (status >= 400) {
      assert.equal(answer.headers.get('content-type'), 'application/problem+json', what);
      const { code, type, title, detail } = answer.body;
      assert.deepEqual(
        [type, title, typeof detail],
        [`/api/v1/errors#${code}`, ERRORS[code as 'internal'].text, 'string'],
        what,
      );
      assert.equal(await seq(), before, `${what} was refused, and changed something`);
      assert.ok(!SECRET.test(answer.text), what);
      if (['unknown_object', 'owned_by_file', 'conflict'].includes(code))
        assert.ok(problems.includes(code), `${what} answers ${code}, undeclared`);
      return;
    }
    if (status === 304) return;
    assert.equal(status, operation.status, what);
    const fits = operation.answer.safeParse(answer.body);
    assert.ok(fits.success, `${what} ${answer.text} ${fits.error}`);
    const showsSecret = /^(create(Own)?Key|rotate(Own)?Key|createAdminToken)$/.test(id);
    assert.equal(SECRET.test(answer.text), showsSecret, what);
    if (!/Definition/.test(id)) assert.ok(!HEX_64.test(answer.text), what);
  };

  /** Of the operations before: all have one seed, and so choose the same names. */
  const clear = async (): Promise<void> => {
    for (const kind of ['organization', 'team', 'user', 'key', 'admin-token'] as const)
      for (const { id } of await objects.list(kind, { limit: 500 }))
        if (id !== FIXTURES[kind][0] && !Object.values(tokenIds).includes(id))
          await objects.write([{ action: 'delete', kind, id, ifVersion: undefined }], SETUP, 1);
  };

  for (const operation of operations) {
    await clear();
    const etags = operation.precondition === 'required' ? MOSTLY_ANY : ETAGS;
    const wild = fc.tuple(pathOf(operation), queryOf(operation), bodyOf(operation), etags, IDEMPOTENCY_KEYS);
    const request = fc.oneof({ weight: 1, arbitrary: goodRequest(operation) }, { weight: 2, arbitrary: wild });
    await fc.assert(
      fc.asyncProperty(request, async ([path, query, body, etag, key]) => {
        await restore(operation);
        const before = await seq();
        const session = operation.tag === 'me' && operation.id !== 'getMe' ? { session: 'user_1' } : {};
        const headers = {
          ...(etag !== undefined && { 'if-match': etag }),
          ...(key !== undefined && { 'idempotency-key': key }),
        };
        const what = `${operation.method} ${path}?${query} ${JSON.stringify(headers)} ${body?.slice(0, 500)}`;
        const answer = await ask(operation.method, `${path}?${query}`, {
          ...session,
          headers,
          ...(body !== undefined && operation.method !== 'GET' && { rawBody: body }),
        });
        // A path can lead elsewhere (`..`, also as `%2e%2e`), where other things are declared.
        const sent = path.replaceAll('%2e', '.');
        if (new RegExp(`^${operation.path.replace(/\{\w+\}/, '[^/.]+')}$`).test(sent))
          await check(operation, answer, before, what);
        else assert.ok(answer.status < 500, what);
      }),
      { numRuns: RUNS },
    );
  }
  assert.deepEqual(failures, []);
  const untouched = operations
    .filter(({ id }) => ![...(seen.get(id) ?? [])].some((status) => status < 300))
    .map(({ id }) => id);
  assert.deepEqual(untouched, [], 'each operation also succeeds now and then, or the rest would say little');
});

test('no unknown member is accepted anywhere in a body that is good otherwise', async (t) => {
  const { operations, ask, seq } = await startAdmin(t);
  let held = 0;
  for (const operation of operations) {
    const { body } = operation;
    if (body === undefined) continue;
    await fc.assert(
      fc.asyncProperty(arbitraryOf(body, WORDS, { onlyKnown: true }), fc.nat(), async (good, where) => {
        fc.pre(body.safeParse(good).success);
        const sent = addUnknown(body, good, where);
        const before = await seq();
        const answer = await ask(operation.method, operation.path.replace(/\{\w+\}/, 'nobody'), {
          ...{ body: sent, headers: { 'if-match': '*' } },
          ...(operation.precondition === 'none' && { headers: {} }),
        });
        assert.equal(answer.status, 400, `${operation.id} ${JSON.stringify(sent)} ${answer.text}`);
        const faults: readonly { readonly pointer: string }[] = answer.body.errors;
        assert.ok(
          faults.some(({ pointer }) => pointer.endsWith('/zzUnknown')),
          answer.text,
        );
        assert.equal(await seq(), before);
        held++;
      }),
      { numRuns: RUNS },
    );
  }
  assert.ok(held > 100);
});
