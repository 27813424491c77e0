/** Every page that people meet, in a real browser without scripts: nothing sticks out, everything is named, whatever names are like. */

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startAccountServer, startTenant } from '../support/account-server.ts';
import { authorizeUrl, createPkce, letIn, registerClient } from '../support/authorization-site.ts';
import { type Browser, createBrowser } from '../support/browser.ts';
import { CHROMIUM, type ChromiumPage, startChromium } from '../support/chromium.ts';
import { startConnectSite } from '../support/connect-site.ts';
import { runCli } from '../support/gateway.ts';
import { post } from '../support/token-issuer.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = CHROMIUM === undefined && 'there is no Chromium here';
/** Where pictures of the pages go for somebody to look at; none are made otherwise. */
const PICTURES = process.env.PEOPLE_PICTURES;
const BACK = 'https://editor.example/callback';
/** Of the session. */
const SESSION = 'portcullis';

/** Without a place to break it. */
const LONG = 'Incidentandproblemmanagementofthewholecompany'.repeat(5).slice(0, 200);
/** What follows would be written from right to left. */
const TURNED = 'Invoices \u202egpj.exe\u2067 for all';
const MANY = Object.fromEntries(
  Array.from({ length: 27 }, (_, i) => [`service-${i + 1}`, { url: `http://127.0.0.1:9/${i}` }]),
);

/** What makes a page bad for somebody, whatever it looks like; facts that hold for each. */
const FAULTS = `(() => {
  const faults = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const wide = [...document.querySelectorAll('body *')].find((each) => each.getBoundingClientRect().right > root.clientWidth + 1);
    faults.push('sticks out by ' + (root.scrollWidth - root.clientWidth) + ': ' + wide?.outerHTML.slice(0, 200));
  }
  if (root.lang === '' || document.title === '') faults.push('no language or title');
  if (document.querySelectorAll('h1').length !== 1) faults.push('not one h1');
  for (const field of document.querySelectorAll('input:not([type=hidden]):not([hidden]), select'))
    if (field.labels.length === 0) faults.push('no label: ' + field.outerHTML);
  for (const each of document.querySelectorAll('button, a.button, input:not([type=hidden]):not([hidden]):not([type=checkbox]), select')) {
    const box = each.getBoundingClientRect();
    if (box.height < 38) faults.push('too low to hit: ' + each.outerHTML);
    if (each.scrollWidth > each.clientWidth + 1 && each.tagName !== 'INPUT') faults.push('text is cut: ' + each.outerHTML);
  }
  const seen = new Set();
  for (const each of document.querySelectorAll('button, a.button')) {
    const form = each.form === undefined || each.form === null ? each.href : new URLSearchParams(new FormData(each.form)).toString() + each.form.action + each.value;
    const name = (each.getAttribute('aria-label') ?? each.innerText) + '|' + each.className;
    if (seen.has(name)) faults.push('two controls of one name: ' + name + ' ' + form);
    seen.add(name);
  }
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((value) => value / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (each) => {
    for (let at = each; at !== null; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$/.test(colour)) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  for (const each of document.querySelectorAll('body *')) {
    if (![...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '') || each.closest('option')) continue;
    const [one, two] = [light(getComputedStyle(each).color), light(ground(each))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (two + 0.05);
    if (contrast < 4.5) faults.push('contrast ' + contrast.toFixed(2) + ': ' + each.outerHTML.slice(0, 100));
  }
  return faults;
})()`;

/** Whoever is signed in in one is so in the other. */
async function lend(from: Browser, page: ChromiumPage, url: string): Promise<void> {
  await page.send('Network.clearBrowserCookies');
  const value = from.cookie(url, SESSION);
  if (value !== undefined) await page.send('Network.setCookie', { name: SESSION, value, url });
}

test('no page for people sticks out, hides a control or is hard to read, at any width and in light and dark', {
  skip,
  timeout: 180_000,
}, async (t) => {
  const tenant = await startTenant(t, { type: 'dynamic' });
  const accounts = await startAccountServer(t, 'modern', tenant);
  const names = [LONG, TURNED, 'notes', 'keys', ...Object.keys(MANY)];
  const perUser = { credentials: 'per-user' };
  const site = await startConnectSite(t, {
    mcpServers: {
      ...{ [LONG]: { url: 'http://127.0.0.1:9/long' }, [TURNED]: { url: 'http://127.0.0.1:9/turned' } },
      ...{ notes: { url: accounts.mcpUrl }, keys: { url: 'http://127.0.0.1:9/keys' }, ...MANY },
    },
    serverOptions: {
      ...Object.fromEntries(names.map((name) => [name, perUser])),
      keys: {
        ...perUser,
        userHeaders: [
          {
            name: 'X-Api-Key',
            title: 'API key',
            description: `From your profile: https://${'very-'.repeat(30)}long.example`,
          },
          { name: 'X-Tenant-Identifier' },
        ],
      },
    },
    authorization: { server: {}, access: { allow: ['*'] } },
  });
  const ada = await site.browserOf('ada');
  const grace = await site.browserOf('grace');
  const clients = [await registerClient(site, BACK, LONG), await registerClient(site, BACK, TURNED)];
  for (const clientId of clients) await letIn(site, ada, { clientId, redirectUri: BACK });
  assert.match((await site.connect(ada, 'notes', 'ada@notes')).text, /is connected/);
  await waitFor('the tools', () => site.app.registry.current().get('notes')?.status().state === 'healthy');
  const invited = (await runCli('users', 'create', 'A new colleague', '--invite', '--data', site.dataDir)).trim();
  const consent = (clientId: string, redirectUri = BACK): string =>
    authorizeUrl(site, {
      ...{ clientId, redirectUri, challenge: createPkce().challenge, scope: 'mcp mcp:read models' },
      resource: `${site.url}/mcp/${'a-very-long-name-of-a-server-'.repeat(2)}`,
    });
  const local = await registerClient(site, 'http://127.0.0.1:4711/callback', 'A program');
  const [longId = ''] = [...site.app.registry.current().keys()].filter((id) => id.startsWith('Incident'));
  const nobody = createBrowser();
  const refused = await post(`${site.url}/mcp`, { authorization: `Bearer ${site.keys.grace}` }, 'tools/call', {
    name: 'notes__whoami',
    arguments: {},
  });
  const linkOfGrace =
    /http:[^ "\\]+\/connect\/notes\?for=[\w.~%-]+/.exec(refused.text)?.[0] ?? assert.fail(refused.text);

  /** `typed`: values by id, with which the form of the page is sent. */
  const pages: readonly [name: string, browser: Browser, path: string, says: RegExp, typed?: object][] = [
    ['sign-in', nobody, '/login', /Sign in/],
    ['sign-in-wrong', nobody, '/login', /not right|wrong|match/i, { name: 'ada', password: 'not the one' }],
    ['invite', nobody, new URL(invited).pathname, /Set your password/],
    [
      'invite-short',
      nobody,
      new URL(invited).pathname,
      /differ|same|match/i,
      { password: 'one thing of two', again: 'another thing' },
    ],
    ['invite-over', nobody, '/invite/pin_nothing', /invitation|link/i],
    ['consent-long', ada, consent(clients[0] ?? ''), /Let /],
    ['consent-turned', ada, consent(clients[1] ?? ''), /Let /],
    ['consent-local', ada, consent(local, 'http://127.0.0.1:4711/callback'), /a program on this computer/],
    ['consent-unknown', ada, consent('dcr_nobody'), /client/i],
    ['consent-over', ada, '/oauth/consent/nothing', /./],
    ['connect', ada, `/connect/${longId}`, /Connect/],
    ['connect-keys', ada, '/connect/keys', /API key/],
    ['connect-again', ada, '/connect/notes', /Connect again/],
    ['connect-leave', ada, '/connect/notes', /You leave the gateway now/, {}],
    ['connect-done', ada, '/connect/keys', /keys is connected/, { 'field-0': 'a key', 'field-1': 'a tenant' }],
    ['connect-other', ada, linkOfGrace, /This link is not for you/],
    ['connect-expired', ada, '/connect/notes?for=made-up', /./],
    ['connect-unknown', ada, '/connect/nothing', /./],
    ['callback-used', ada, '/oauth/callback?state=used&code=x', /./],
    ['accounts', ada, '/account/connections', /Connected accounts/],
    ['accounts-none', grace, '/account/connections', /Connected accounts/],
    ['account', ada, '/account', /Clients you let in/],
  ];
  const chromium = await startChromium(t);
  await chromium.send('Network.enable');
  await chromium.send('Emulation.setScriptExecutionDisabled', { value: true });
  if (PICTURES !== undefined) mkdirSync(PICTURES, { recursive: true });
  const faults: string[] = [];
  for (const [name, browser, path, says, typed] of pages) {
    await lend(browser, chromium, site.url);
    await chromium.open(new URL(path, site.url).href);
    await chromium.at(new RegExp(`^${site.url}/`));
    if (typed !== undefined) {
      const values = Object.entries(typed).map(
        ([id, value]) => `document.getElementById('${id}').value = ${JSON.stringify(value)};`,
      );
      await chromium.evaluate(`${values.join('')} document.querySelector('form').requestSubmit()`);
    }
    await waitFor(`${name} to say ${says}`, async () =>
      says.test(String(await chromium.evaluate('document.body.innerText').catch(() => ''))),
    );
    for (const width of [320, 390, 1280])
      for (const scheme of ['light', 'dark'] as const) {
        const picture = await chromium.screenshot(width, scheme);
        if (PICTURES !== undefined && width > 320)
          writeFileSync(join(PICTURES, `${name}-${width}-${scheme}.png`), picture);
        for (const fault of (await chromium.evaluate(FAULTS)) as string[])
          faults.push(`${name} at ${width} px, ${scheme}: ${fault}`);
      }
  }
  assert.deepEqual([...new Set(faults)], []);
});
