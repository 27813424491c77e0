/** The question of tokens: what a tools/call costs whose caller signed in at the gateway's own authorization server, and has no key. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createArgon2Hasher } from '../../src/platform/passwords/argon2.ts';
import { openAccountStore } from '../../src/platform/stores/sqlite/accounts.ts';
import { letIn, registerClient } from '../../test/support/authorization-site.ts';
import { createBrowser } from '../../test/support/browser.ts';
import { CHEAP, PASSWORD } from '../../test/support/login-site.ts';
import { openPeople } from '../../test/support/people.ts';
import { OURS } from '../harness/lab.ts';
import { modernCall } from '../harness/requests.ts';
import { runRounds } from '../harness/rounds.ts';
import { EXPOSED_TOOL, httpServer, type Scenario, TOOL } from './scenario.ts';

const PERSON = 'ada';
const REDIRECT_URI = 'http://127.0.0.1:9/callback';
/** Longer than the scenario takes: what is measured is the call, not the next token. */
const TOKEN_MS = 3_600_000;
const WITH_KEY = `${OURS}, with a key`;

/** What a key of the harness may reach. */
const ACCESS = { allow: ['*'], deny: ['*/tool_7'] };

/** Somebody with a password, beside a running gateway. */
async function addPerson(dataDir: string): Promise<void> {
  const people = openPeople(dataDir);
  const accounts = openAccountStore({ dataDir });
  try {
    await people.add('user', PERSON);
    await accounts.setPassword(PERSON, await createArgon2Hasher(CHEAP).hash(PASSWORD), Date.now());
  } finally {
    await accounts[Symbol.asyncDispose]();
    await people.close();
  }
}

/** Signs in, lets a client in that registered itself, and returns the access token it gets for `/mcp`. */
async function fetchToken(url: string): Promise<string> {
  const clientId = await registerClient({ url }, REDIRECT_URI);
  const browser = createBrowser();
  const typed = { name: PERSON, password: PASSWORD };
  const signedIn = await browser.submit(await browser.get(`${url}/login`), '/login', typed);
  assert.equal(signedIn.status, 303, signedIn.text);
  const { status, body } = await letIn({ url }, browser, { clientId, redirectUri: REDIRECT_URI });
  assert.equal(status, 200, JSON.stringify(body));
  return String(body.access_token);
}

/** Calls in the trail that count for the person, of a gateway that has ended. */
function countOfPerson(dataDir: string): number {
  const db = new DatabaseSync(join(dataDir, 'portcullis.db'), { readOnly: true });
  try {
    const row = db.prepare("SELECT count(*) AS calls FROM trail WHERE kind = 'tools.call' AND key_id = ?");
    return Number(row.get(`user:${PERSON}`)?.calls);
  } finally {
    db.close();
  }
}

export const oauthCallers: Scenario = {
  name: 'oauth-callers',
  title:
    "tools/call, 2026-07-28, by a caller with an access token of the gateway's own authorization server, everything on",
  inShort: false,
  async run(lab) {
    const mock = await lab.startMock();
    const reference = await lab.startReference(mock);
    const more = { authorization: { server: { accessTokenMs: TOKEN_MS }, access: ACCESS } };
    const [gateway] = await lab.startGateways({ servers: { mock: httpServer(mock) }, more });
    if (gateway?.key === undefined) throw new Error('no gateway');
    const { key, port, pids } = gateway;
    await addPerson(gateway.dataDir);
    const token = await fetchToken(`http://127.0.0.1:${port}`);
    const contenders = [
      { subject: reference, shape: modernCall(reference, TOOL) },
      { subject: { name: WITH_KEY, port, pids }, shape: modernCall({ port, key }, EXPOSED_TOOL) },
      { subject: gateway, shape: modernCall({ port, key: token }, EXPOSED_TOOL) },
    ];
    const rows = await runRounds(lab, contenders, OURS);
    await gateway.stop();
    const measured = rows.find(({ name }) => name === OURS)?.calls ?? 0;
    const recorded = countOfPerson(gateway.dataDir);
    if (recorded < measured) throw new Error(`of ${measured} calls with a token ${recorded} stand in the trail`);
    const withKey = rows.find(({ name }) => name === WITH_KEY)?.timesOurs?.median ?? Number.NaN;
    return {
      rows,
      notes: [
        `${OURS} is called with a token, of a person who may reach what the key may; both are one process, so its memory is that of both`,
        `after the end the trail has ${recorded.toLocaleString('en')} calls of that person, warm-up included: none of those measured is missing`,
        `a call with a token takes ${(1 / withKey).toFixed(2)} × the CPU of one with a key, window by window`,
      ],
    };
  },
};
