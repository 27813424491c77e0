import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Caller } from '../../contracts/caller.ts';
import type { OAuthGrant } from '../../contracts/oauth-store.ts';
import { createOwnTokens } from './own-tokens.ts';

const RESOURCE = 'https://g.example/mcp';
const TOKEN = `poa_${'a'.repeat(43)}`;
const ADA: Caller = { keyId: 'user:ada', keyName: 'ada', grant: { allow: ['*'], deny: [] } };
const GRANT: OAuthGrant = {
  ...{ id: 'og_1', userId: 'ada', keyId: undefined, clientId: 'c', clientName: 'Editor', redirectUri: '' },
  ...{ resource: RESOURCE, scopes: ['mcp'], createdAtMs: 0, usedAtMs: 0, expiresAtMs: 1_000 },
};

function setUp() {
  const state = {
    version: 1 as number | undefined,
    grant: GRANT as OAuthGrant | undefined,
    caller: ADA as Caller | undefined,
    nowMs: 0,
    asked: 0,
    whileAsked: (): void => undefined,
  };
  const tokens = createOwnTokens({
    records: {
      async find(kind, token) {
        state.asked++;
        const found = kind === 'access' && token === TOKEN && state.grant !== undefined;
        state.whileAsked();
        if (!found) return undefined;
        const value = { aud: RESOURCE, scope: 'mcp models' };
        return { value, grantId: 'og_1', expiresAtMs: 100, consumedAtMs: undefined };
      },
    },
    store: { version: () => state.version, findGrant: async () => state.grant },
    issuer: () => 'https://g.example',
    callerOf: () => state.caller,
    now: () => state.nowMs,
  });
  const verify = async (token = TOKEN, resource = RESOURCE): Promise<string> => {
    const verdict = await tokens.verify(token, resource);
    return verdict.type === 'invalid' ? verdict.reason : verdict.type;
  };
  return { state, tokens, verify };
}

test('a token is looked up once as long as nothing changed in the store', async () => {
  const { state, tokens, verify } = setUp();
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(await tokens.verify(TOKEN, RESOURCE), {
      ...{ type: 'valid', caller: ADA, scopes: ['mcp', 'models'], clientId: 'c', expiresAtMs: 100 },
    });
  }
  assert.equal(state.asked, 1);
  state.version = 2;
  assert.equal(await verify(), 'valid');
  assert.equal(state.asked, 2);
});

test('a token whose grant has ended is refused at the next call', async () => {
  const { state, verify } = setUp();
  assert.equal(await verify(), 'valid');
  Object.assign(state, { grant: undefined, version: 2 });
  assert.match(await verify(), /was revoked/);
});

test('what changes while the store is asked is not taken for what was found', async () => {
  const { state, verify } = setUp();
  state.whileAsked = () => Object.assign(state, { grant: undefined, version: 2 });
  await verify();
  state.whileAsked = () => undefined;
  assert.match(await verify(), /was revoked/);
});

test('a store that cannot tell whether anything changed is asked each time', async () => {
  const { state, verify } = setUp();
  state.version = undefined;
  assert.equal(await verify(), 'valid');
  state.grant = undefined;
  assert.match(await verify(), /was revoked/);
  assert.equal(state.asked, 2);
});

test('clock, resource and person are looked at anew although the token is known', async () => {
  const { state, verify } = setUp();
  assert.equal(await verify(), 'valid');
  assert.match(await verify(TOKEN, `${RESOURCE}/other`), /another resource/);
  state.caller = undefined;
  assert.match(await verify(), /stands for was revoked/);
  state.nowMs = 100;
  assert.match(await verify(), /has expired/);
  assert.equal(state.asked, 1);
});

test('a token that is not known is asked for again, and others are nobody of ours', async () => {
  const { state, verify } = setUp();
  const other = `poa_${'b'.repeat(43)}`;
  assert.match(await verify(other), /unknown/);
  assert.match(await verify(other), /unknown/);
  assert.equal(state.asked, 2);
  assert.equal(await verify('pck_a'), 'foreign');
  assert.equal(state.asked, 2);
});
