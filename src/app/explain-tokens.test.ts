import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TokenIssuer } from '../contracts/access-tokens.ts';
import type { AuthorizationConfig } from '../contracts/authorization-config.ts';
import type { Endpoint } from '../contracts/call.ts';
import type { Grant, KeyDirectory, KnownKey, KnownUser, LabelledLevel } from '../contracts/caller.ts';
import type { GatewayConfig } from '../contracts/config.ts';
import { GatewayError } from '../contracts/errors.ts';
import type { ExplainRequest } from '../contracts/explain.ts';
import type { OAuthGrant } from '../contracts/oauth-store.ts';
import type { PolicyAction, PolicyRule } from '../contracts/policy.ts';
import { createCallerOfGrant, createOwnTokens } from '../pipeline/authorization/own-tokens.ts';
import { createSubjects } from '../pipeline/authorization/subjects.ts';
import { createHarness, offerOf } from '../pipeline/fixtures/harness.ts';
import { createExplainer } from './explainer.ts';

/** So many that each kind of answer is among them a dozen times and more. */
const RUNS = 4_000;
const BASE = 'https://gw.example';
const ISSUER = 'https://id.example';
const ROGUE = 'https://rogue.example';
const NOW = 1_000;
const ARGS = { n: 1 };

const OFFERS = {
  a: offerOf({ tools: [{ name: 'read' }, { name: 'write' }], prompts: ['read'] }),
  b: offerOf({ tools: [{ name: 'read' }] }),
};
const patterns = fc.array(fc.constantFrom('*', 'a', 'b/*', 'a/read', '*/write', 'prompt:a'), { maxLength: 3 });
const grant: fc.Arbitrary<Grant> = fc.record({
  allow: fc.oneof({ weight: 5, arbitrary: fc.constant(['*']) }, { weight: 2, arbitrary: patterns }),
  deny: fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: patterns }),
});
const rule = fc.record({
  action: fc.constantFrom<PolicyAction>('allow', 'ask', 'deny'),
  keys: fc.option(fc.constantFrom(['oauth:user:ada'], ['oauth:user:*'], ['oauth:sub:*'], ['own']), { nil: undefined }),
  targets: fc.option(fc.constantFrom(['a'], ['*/write'], ['b/read']), { nil: undefined }),
  // What is denied whatever its arguments is not even shown.
  when: fc.constantFrom(undefined, 'args.n == 1', 'args.n == 1'),
});
const policy = fc.option(
  fc.array(rule, { minLength: 1, maxLength: 3 }).map((all) => ({
    rules: all.map((each, i): PolicyRule => ({ ...each, name: `rule ${i}`, message: undefined })),
    defaults: { readOnly: 'allow', write: 'allow', destructive: 'allow', unannotated: 'allow' } as const,
    annotations: [],
  })),
  { nil: undefined, freq: 8 },
);
// Mostly what is good, so that many come as far as the rules.
const scopes = fc.constantFrom(['mcp'], ['mcp'], ['mcp'], ['mcp'], ['mcp', 'models'], ['mcp:read'], ['models'], []);
const endpoint = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Endpoint>({ type: 'all' }) },
  { weight: 1, arbitrary: fc.constant<Endpoint>({ type: 'server', serverId: 'a' }) },
);
const token = fc.record({
  type: fc.constant('token' as const),
  issuer: fc.constantFrom(ISSUER, ISSUER, ISSUER, ROGUE),
  subject: fc.constantFrom('sub-ada', 'sub-grace', 'stranger'),
  claims: fc.record({
    groups: fc.constantFrom<readonly string[]>([], ['ops'], ['sales']),
    nick: fc.constantFrom('ada', 'grace', 'nobody'),
  }),
  scopes,
});
const held = fc.record({
  type: fc.constant('grant' as const),
  userId: fc.constantFrom(...Array<string>(6).fill('u-ada'), 'u-grace', 'u-gone'),
  keyId: fc.constantFrom(undefined, undefined, undefined, 'key_ada', 'key_ada', 'key_gone'),
  resource: fc.constantFrom(...Array<string>(5).fill(`${BASE}/mcp`), `${BASE}/mcp/a`),
  scopes,
});
const target = fc.constantFrom(
  ...['a/read', 'a/write', 'b/read', 'b/none'].map((name) => ({ kind: 'tool' as const, name })),
  { kind: 'prompt' as const, name: 'a/read' },
);

interface People {
  readonly own: Grant;
  readonly user: Grant | undefined;
  readonly team: Grant | undefined;
  /** Ids of those who are switched off. */
  readonly off: readonly string[];
}
const people: fc.Arbitrary<People> = fc.record({
  own: grant,
  user: fc.option(grant, { nil: undefined }),
  team: fc.option(grant, { nil: undefined }),
  off: fc.constantFrom([], [], [], [], ['u-grace'], ['u-ada']),
});

function directoryOf({ own, user, team, off }: People): KeyDirectory {
  const levelOf = (type: 'user' | 'team', id: string, name: string, bounds: Grant | undefined): LabelledLevel => ({
    ...{ type, id, name, grant: bounds, limits: undefined, labels: {} },
  });
  const ops = levelOf('team', 't-ops', 'ops', team);
  const users: readonly KnownUser[] = [
    { id: 'u-ada', name: 'ada', identities: [{ issuer: ISSUER, subject: 'sub-ada' }], teams: ['t-ops'] },
    { id: 'u-grace', name: 'grace', identities: [], teams: [] },
  ];
  const levels = new Map(users.map(({ id, name }) => [id, levelOf('user', id, name, user)]));
  const ofAda = levels.get('u-ada');
  const key: KnownKey = {
    ...{ keyId: 'key_ada', keyName: 'own', grant: own, expiresAtMs: undefined },
    levels: ofAda === undefined ? [] : [ofAda],
  };
  return {
    version: () => 1,
    keys: () => (off.includes('u-ada') ? [] : [{ hash: 'h'.repeat(32), key }]),
    findTeam: (name) => (name === 'ops' || name === 't-ops' ? [ops] : undefined),
    findUser: (by) =>
      users.find((each) =>
        'id' in by
          ? each.id === by.id
          : 'name' in by
            ? each.name === by.name
            : each.identities.some(({ issuer, subject }) => issuer === by.issuer && subject === by.subject),
      ),
    aboveUser(id, above) {
      const level = levels.get(id);
      return level === undefined || off.includes(id) ? undefined : { levels: [level, ...above] };
    },
  };
}

test(`what is explained of tokens is what happens to them, for ${RUNS} random ones under random policies`, async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      ...([people, grant, fc.option(grant, { nil: undefined }), policy] as const),
      ...([fc.constantFrom(undefined, 'nick'), fc.oneof(token, held), target, endpoint] as const),
      async (who, access, ofRule, rules, userClaim, presented, about, place) => {
        const directory = directoryOf(who);
        const authorization: AuthorizationConfig = {
          access,
          issuers: [
            {
              ...{ issuer: ISSUER, audience: [], jwksUrl: undefined, algorithms: [], scopes: [] },
              claims: {
                ...{ user: userClaim, labels: {} },
                rules: [{ claim: 'groups', value: 'ops', team: 'ops', access: ofRule }],
              },
            },
          ],
        };
        const subjects = createSubjects({ directory, config: () => authorization, onUnknown: () => {} });
        const known = [...directory.keys()].map(({ key }) => key);
        const callerOf = createCallerOfGrant({
          ...{ directory, access: () => access },
          callerOfKey: (keyId) =>
            known.find((key) => key.keyId === keyId) ?? { keyId, keyName: '', grant: { allow: [], deny: [] } },
        });
        const secret = `poa_${randomBytes(32).toString('base64url')}`;
        const clientGrant: OAuthGrant | undefined =
          presented.type === 'token'
            ? undefined
            : {
                ...{ id: 'og_1', clientId: 'c', clientName: 'client', redirectUri: '', createdAtMs: 0, usedAtMs: 0 },
                ...{ userId: presented.userId, keyId: presented.keyId, resource: presented.resource },
                ...{ scopes: presented.scopes, expiresAtMs: NOW + 1 },
              };
        const findGrant = async (): Promise<OAuthGrant | undefined> => clientGrant;
        const own = createOwnTokens({
          ...{ callerOf, issuer: () => BASE, now: () => NOW, store: { findGrant, version: () => undefined } },
          records: {
            find: async () =>
              clientGrant && {
                value: { aud: clientGrant.resource, scope: clientGrant.scopes.join(' ') },
                ...{ grantId: clientGrant.id, expiresAtMs: NOW + 1, consumedAtMs: undefined },
              },
          },
        });
        /** Its signatures and audiences are good: what follows from that is in question. */
        const foreign: TokenIssuer = {
          issuer: ISSUER,
          async verify() {
            if (presented.type !== 'token' || presented.issuer !== ISSUER) return { type: 'foreign' };
            const caller = subjects.callerOf(presented);
            return { type: 'valid', caller, scopes: presented.scopes, clientId: undefined, expiresAtMs: NOW + 1 };
          },
        };
        const config: Partial<GatewayConfig> = {
          ...{ authorization, authorizationServer: {} as GatewayConfig['authorizationServer'] },
          ...(rules !== undefined && { policy: rules }),
        };
        const harness = createHarness(OFFERS, {
          config,
          tokens: {
            ...{ issuers: () => [own, foreign], baseUrl: () => BASE },
            refreshed: (caller) => (own.has(caller) ? own.refreshed(caller) : subjects.refreshed(caller)),
          },
        });
        const explainer = createExplainer({
          ...{ config: () => harness.config(), catalog: harness.catalog, now: () => NOW, limits: { used: () => 0 } },
          ...{ directory, objects: { find: async () => undefined }, definitions: { list: () => [] } },
          clientGrants: { findGrant },
        });
        const { kind, name } = about;
        const written = place.type === 'all' ? name.replace('/', '__') : name.replace(/^a\//, '');
        let code: string | undefined;
        try {
          await harness.call(kind === 'tool' ? 'tools.call' : 'prompts.get', {
            ...{ key: presented.type === 'token' ? 'a.b.c' : secret, name: written },
            params: JSON.stringify({ name: written, arguments: ARGS }),
            ...(place.type === 'server' && { endpoint: place.serverId }),
          });
        } catch (error) {
          if (!(error instanceof GatewayError)) throw error;
          code = error.code;
        }
        const request: ExplainRequest = {
          ...{ target: about, endpoint: place, args: ARGS },
          who:
            presented.type === 'grant'
              ? { clientGrantId: 'og_1' }
              : { token: { ...presented, claims: { ...presented.claims } } },
        };
        const explanation = await explainer.explain(request);
        const context = JSON.stringify({ who, access, ofRule, rules, userClaim, presented, about, place, explanation });
        assert.equal(explanation?.code, code, context);
        const expected = code === undefined ? 'allowed' : code === 'approval_required' ? 'asks' : 'refused';
        assert.equal(explanation?.verdict, expected, context);
        const what = `${presented.type} ${code ?? 'allowed'}`;
        seen.set(what, (seen.get(what) ?? 0) + 1);
      },
    ),
    { numRuns: RUNS },
  );
  const common = ['allowed', 'unauthenticated', 'insufficient_scope', 'unknown_tool', 'denied_by_policy'];
  for (const what of [
    ...['token', 'grant'].flatMap((type) => [...common, 'approval_required'].map((code) => `${type} ${code}`)),
    'token unknown_subject',
  ])
    assert.ok((seen.get(what) ?? 0) > 0, `${what} was never seen: ${JSON.stringify([...seen])}`);
});
