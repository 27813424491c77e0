import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { ERRORS } from '../../src/contracts/errors.ts';
import type { Operation } from '../../src/edges/admin/define-operation.ts';
import { PolicyRuleEntry } from '../../src/platform/config/policy-schema.ts';
import { Alias, Provider, Route } from '../../src/platform/config/providers-schema.ts';
import { ServerOptions, Toolset } from '../../src/platform/config/schema.ts';
import { ServerEntry } from '../../src/platform/config/server-schema.ts';
import { Webhook } from '../../src/platform/config/webhooks-schema.ts';
import { type Asked, startAdmin } from '../support/admin-api.ts';
import { startAdminGateway } from '../support/admin-gateway.ts';
import { type AdminSite, clear, goodBody, idFor, restore } from '../support/admin-site.ts';
import { addUnknown, arbitraryOf, type KnownWords, spoilt } from '../support/schema-arbitrary.ts';

/** Of each operation; more with ADMIN_FUZZ_RUNS. */
const RUNS = Number(process.env.ADMIN_FUZZ_RUNS ?? 20);
const SECRET = /pc[ka]_[A-Za-z0-9_-]{43}/;
const HEX_64 = /[0-9a-f]{64}/g;

const odd = (...values: string[]): fc.Arbitrary<string | undefined> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.constantFrom(...values) });

const ETAGS = odd('*', '"1"', '"2"', '1', '""', '"-1"', 'W/"1"', '"1","2"', `"${'9'.repeat(40)}"`, 'x'.repeat(5_000));
const MOSTLY_ANY = fc.oneof(
  { weight: 3, arbitrary: fc.constant<string | undefined>('*') },
  { weight: 1, arbitrary: ETAGS },
);
const IDEMPOTENCY_KEYS = odd('a', 'b', 'x'.repeat(255), 'x'.repeat(256), 'a b', '%');

const IDS = ['team_1', 'org_1', 'user_1', 'key_1', 'token_1', 'config:ci', 'config:team:research', 'filed', 'stored'];

/** What there is, so that requests get beyond their check. */
const wordsOf = ({ known }: Pick<AdminSite, 'known'>): KnownWords => ({
  ...{ user: ['user_1'], team: ['team_1'], teams: ['team_1'], organization: ['org_1'], server: [known.server] },
  ...{ timeZone: ['UTC', 'Europe/Berlin'], limit: ['1', '500'], hash: [known.definition.hash] },
  ...{ cursor: [], label: ['customer'], expiresAtMs: [], networks: ['10.0.0.0/8'] },
  ...{ allow: ['github/*', 'model:*'], deny: ['github'], on: ['model:openai/*', '*'], providerKeys: ['openai/*'] },
  ...{ url: ['https://127.0.0.1:1/x'], baseUrl: ['http://127.0.0.1:1/v1'], type: ['http', 'openai'] },
  ...{ target: ['p/m'], targets: ['p/m'], tool: [`${known.server}/echo`], when: ['model == "x"', 'true'] },
});

/** What a body of a part of the configuration holds: the file's own shapes. */
const PART_SHAPES: { readonly [plural: string]: z.ZodType } = {
  servers: ServerEntry.extend({ options: ServerOptions.optional() }),
  ...{ providers: Provider, toolsets: Toolset, aliases: Alias.options[2], webhooks: Webhook },
  routes: Route.omit({ name: true }),
  'policy-rules': PolicyRuleEntry.omit({ name: true }),
};

/** Bodies that its schemas accept, mostly. */
function acceptedBy(site: Pick<AdminSite, 'known'>, { path, body, tag }: Operation): fc.Arbitrary<unknown> {
  const words = wordsOf(site);
  const good = arbitraryOf(body ?? z.undefined(), words);
  const [plural = ''] = path.slice(1).split('/');
  const shape = PART_SHAPES[plural];
  if (tag !== 'configuration' || shape === undefined) return good;
  const part = fc.oneof(
    fc.constant(site.known.parts[plural]),
    arbitraryOf(shape, words),
    spoilt(arbitraryOf(shape, words)),
  );
  return fc.tuple(good, part).map(([made, inner]) => ({ ...(made as object), body: inner }));
}

function pathOf(site: AdminSite, operation: Operation): fc.Arbitrary<string> {
  const odd = fc.constantFrom(
    '..',
    '%2e%2e',
    '%00',
    '%ff',
    "a'b",
    'ü',
    'x'.repeat(500),
    '*',
    ' ',
    '%2f',
    site.known.server,
    site.known.callId,
    ...IDS,
  );
  const any = fc.string({ minLength: 1, maxLength: 10 }).map((text) => encodeURIComponent(text.toWellFormed()));
  const segment = fc.oneof(
    { weight: 6, arbitrary: fc.constant(idFor(site, operation)) },
    { weight: 2, arbitrary: odd },
    { weight: 1, arbitrary: any },
  );
  return segment.map((each) => operation.path.replace(/\{\w+\}/, each));
}

function queryOf(site: AdminSite, operation: Operation): fc.Arbitrary<string> {
  const declared = arbitraryOf(operation.query, wordsOf(site)) as fc.Arbitrary<{ readonly [name: string]: unknown }>;
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

function bodyOf(site: AdminSite, operation: Operation): fc.Arbitrary<string | undefined> {
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
  if (operation.body === undefined)
    return fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: text });
  const good = acceptedBy(site, operation);
  const json = fc.oneof(good, good, spoilt(good), spoilt(spoilt(good))).map((value) => JSON.stringify(value) ?? '');
  return fc.oneof({ weight: 8, arbitrary: json }, { weight: 1, arbitrary: text });
}

type Sent = [
  path: string,
  query: string,
  body: string | undefined,
  etag: string | undefined,
  idempotencyKey: string | undefined,
];

/** One that should succeed. */
function goodRequest(site: AdminSite, operation: Operation): fc.Arbitrary<Sent> {
  const { path, body, precondition } = operation;
  const by = (name: string): string => JSON.stringify(goodBody(site, operation, name));
  return fc.tuple(
    fc.constant(path.replace(/\{\w+\}/, idFor(site, operation))),
    fc.constant(''),
    body === undefined ? fc.constant(undefined) : fc.stringMatching(/^[a-z]{8}$/).map(by),
    fc.constant(precondition === 'required' ? '*' : undefined),
    fc.constant(undefined),
  );
}

async function fuzz(site: AdminSite, runs = RUNS): Promise<void> {
  const { operations, ask, state, failures, hidden } = site;
  await site.addUser('user_1', { name: 'ada', role: 'admin' });
  const seen = new Map<string, Set<number>>();
  /** Secrets that were shown once. */
  const made: string[] = [];

  const check = async (operation: Operation, answer: Asked, before: string, what: string): Promise<void> => {
    const { id, problems = [] } = operation;
    const { status } = answer;
    seen.set(id, (seen.get(id) ?? new Set()).add(status));
    if (status >= 400) {
      assert.equal(answer.headers.get('content-type'), 'application/problem+json', what);
      const { code, type, title, detail } = answer.body;
      assert.deepEqual(
        [type, title, typeof detail],
        [`/api/v1/errors#${code}`, ERRORS[code as 'internal'].text, 'string'],
        what,
      );
      assert.equal(await state(), before, `${what} was refused, and changed something`);
      assert.ok(!SECRET.test(answer.text), what);
      if (['unknown_object', 'owned_by_file', 'conflict'].includes(code))
        assert.ok(problems.includes(code), `${what} answers ${code}, undeclared: ${answer.text}`);
      return;
    }
    if (status === 304) return;
    assert.equal(status, operation.status, what);
    const fits = operation.answer.safeParse(answer.body);
    assert.ok(fits.success, `${what} ${answer.text} ${fits.error}`);
    const showsSecret = /^(create(Own)?Key|rotate(Own)?Key|createAdminToken)$/.test(id);
    assert.equal(SECRET.test(answer.text), showsSecret, what);
    if (!/Definition/.test(id)) {
      const hashes = (answer.text.match(HEX_64) ?? []).filter((hash) => hash !== site.known.definition.hash);
      assert.deepEqual(hashes, [], `${what} ${answer.text}`);
    }
    if (showsSecret) made.push(answer.body.secret);
  };

  for (const operation of operations) {
    // All have one seed, and so choose the same names.
    await clear(site);
    await restore(site, operation);
    await site.settled();
    const etags = operation.precondition === 'required' ? MOSTLY_ANY : ETAGS;
    const [path, query, body] = [pathOf(site, operation), queryOf(site, operation), bodyOf(site, operation)];
    const good = goodRequest(site, operation);
    const wild = fc.tuple(path, query, body, etags, IDEMPOTENCY_KEYS);
    const request = fc.oneof({ weight: 1, arbitrary: good }, { weight: 2, arbitrary: wild });
    await fc.assert(
      fc.asyncProperty(request, async ([path, query, body, etag, key]) => {
        await restore(site, operation);
        const before = await state();
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
        assert.ok(answer.status < 500, `${what} ${answer.text}\n${failures.join('\n')}`);
        for (const secret of [...hidden, ...made]) assert.ok(!answer.text.includes(secret), `${what} shows ${secret}`);
        // A path can lead elsewhere (`..`), where other things are declared; what is no path (`%ff`) gets to no route at all.
        const isPath = !path.includes('%ff');
        const asked = new URL(path, 'http://x').pathname;
        if (isPath && new RegExp(`^${operation.path.replace(/\{\w+\}/, '[^/.]+')}$`).test(asked))
          await check(operation, answer, before, what);
      }),
      // One that succeeds is among them, whatever chance says.
      { numRuns: runs, examples: fc.sample(good, 1).map((each): [Sent] => [each]) },
    );
  }
  assert.deepEqual(failures, []);
  const untouched = operations
    .filter(({ id }) => ![...(seen.get(id) ?? [])].some((status) => status < 300))
    .map(({ id }) => id);
  assert.deepEqual(untouched, [], 'each operation also succeeds now and then, or the rest would say little');
}

test('no input makes the admin API fail, change anything it refuses, or answer what it did not declare', async (t) => {
  await fuzz(await startAdmin(t));
});

test('no more does any at a gateway that runs, and no answer and no line of its log shows a secret', async (t) => {
  const site = await startAdminGateway(t);
  await fuzz(site, Math.ceil(RUNS / 2));
  for (const secret of site.hidden)
    assert.ok(!site.log.some((line) => line.includes(secret)), `the log shows ${secret}`);
});

async function sendUnknown(site: AdminSite, knowsParts: boolean): Promise<void> {
  const { operations, ask, state } = site;
  let held = 0;
  for (const operation of operations) {
    const { body, path, tag } = operation;
    if (body === undefined) continue;
    const part = PART_SHAPES[path.slice(1).split('/')[0] ?? ''];
    const isPart = knowsParts && tag === 'configuration' && part !== undefined;
    const shape = isPart ? (body as z.ZodObject).extend({ body: part }) : body;
    // Of what is wrong with a part some things are told before others: it has to be good but for this.
    const bodies = isPart
      ? fc.constant(goodBody(site, operation, 'part'))
      : arbitraryOf(shape, wordsOf(site), { onlyKnown: true });
    await fc.assert(
      fc.asyncProperty(bodies, fc.nat(), async (good, where) => {
        // What no store could keep is told before anything else.
        fc.pre(shape.safeParse(good).success && !/\\u0000|\\ud[89a-f]/.test(JSON.stringify(good)));
        const sent = addUnknown(shape, good, where);
        await restore(site, operation);
        const before = await state();
        const answer = await ask(operation.method, path.replace(/\{\w+\}/, idFor(site, operation)), {
          ...{ body: sent, headers: { 'if-match': '*' } },
          ...(operation.precondition === 'none' && { headers: {} }),
        });
        assert.equal(answer.status, 400, `${operation.id} ${JSON.stringify(sent)} ${answer.text}`);
        const faults: readonly { readonly pointer: string }[] = answer.body.errors;
        assert.ok(
          faults.some(({ pointer }) => pointer.endsWith('/zzUnknown')),
          answer.text,
        );
        assert.equal(await state(), before);
        held++;
      }),
      { numRuns: RUNS },
    );
  }
  assert.ok(held > 100);
}

test('no unknown member is accepted anywhere in a body that is good otherwise', async (t) => {
  await sendUnknown(await startAdmin(t), false);
});

test('nor is any at a gateway that runs, not within parts of the configuration either', async (t) => {
  await sendUnknown(await startAdminGateway(t), true);
});
