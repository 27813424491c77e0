/** As much of a browser as signing in takes: a cookie jar with the rules that matter here, pages, forms, redirects step by step. */

import assert from 'node:assert/strict';

export interface BrowserPage {
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Where it redirects to, absolute. */
  readonly location: string | undefined;
  readonly setCookies: readonly string[];
}

export interface Browser {
  /** By name, of one origin. */
  cookie(origin: string, name: string): string | undefined;
  setCookie(origin: string, name: string, value: string): void;
  get(url: string, headers?: Readonly<Record<string, string>>): Promise<BrowserPage>;
  /** Sends a form as a page at `from` (default: the page it is on) would. */
  post(
    url: string,
    fields: Readonly<Record<string, string>>,
    options?: { readonly from?: string; readonly headers?: Readonly<Record<string, string>> },
  ): Promise<BrowserPage>;
  /** The first form of a page whose action is `action`, sent with what was typed in. */
  submit(page: BrowserPage, action: string, typed?: Readonly<Record<string, string>>): Promise<BrowserPage>;
  /** Goes on until there is no redirect, or one to another place than `within`. */
  follow(page: BrowserPage, within?: string): Promise<BrowserPage>;
}

const unescapeHtml = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

const attribute = (tag: string, name: string): string | undefined => {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  return found === undefined ? undefined : unescapeHtml(found);
};

/** Fields of the form with this action, as they stand. */
export function readForm(page: BrowserPage, action: string): { [name: string]: string } {
  for (const [, attributes = '', inner = ''] of page.text.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)) {
    const at = attribute(attributes, 'action');
    if (at === undefined || new URL(at, page.url).href !== new URL(action, page.url).href) continue;
    const fields: { [name: string]: string } = {};
    for (const [tag] of inner.matchAll(/<input[^>]*>/g)) {
      const name = attribute(tag, 'name');
      if (name !== undefined && !(name in fields)) fields[name] = attribute(tag, 'value') ?? '';
    }
    return fields;
  }
  return assert.fail(`there is no form to ${action} on ${page.url}: ${page.text.slice(0, 2000)}`);
}

export function createBrowser(): Browser {
  const jars = new Map<string, Map<string, string>>();
  const jarOf = (origin: string): Map<string, string> => {
    const jar = jars.get(origin) ?? new Map<string, string>();
    jars.set(origin, jar);
    return jar;
  };

  const send = async (url: string, init: RequestInit): Promise<BrowserPage> => {
    const { origin } = new URL(url);
    const jar = jarOf(origin);
    const headers = new Headers(init.headers);
    if (jar.size > 0) headers.set('cookie', [...jar].map(([name, value]) => `${name}=${value}`).join('; '));
    if (!headers.has('user-agent')) headers.set('user-agent', 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0');
    const response = await fetch(url, { ...init, headers, redirect: 'manual' });
    const setCookies = response.headers.getSetCookie();
    for (const line of setCookies) {
      const [pair = '', ...rest] = line.split(';');
      const at = pair.indexOf('=');
      const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
      const isGone = rest.some((each) => /^\s*max-age=0$/i.test(each)) || /expires=Thu, 01 Jan 1970/i.test(line);
      if (isGone) jar.delete(name);
      else jar.set(name, value);
    }
    const location = response.headers.get('location');
    return {
      ...{ url, status: response.status, headers: response.headers, text: await response.text(), setCookies },
      location: location === null ? undefined : new URL(location, url).href,
    };
  };

  const browser: Browser = {
    cookie: (origin, name) => jarOf(new URL(origin).origin).get(name),
    setCookie: (origin, name, value) => void jarOf(new URL(origin).origin).set(name, value),
    get: (url, headers = {}) => send(url, { headers }),
    post(url, fields, { from = url, headers = {} } = {}) {
      const [here, there] = [new URL(from).origin, new URL(url).origin];
      return send(url, {
        method: 'POST',
        body: new URLSearchParams({ ...fields }).toString(),
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          origin: here,
          'sec-fetch-site': here === there ? 'same-origin' : 'cross-site',
          ...headers,
        },
      });
    },
    submit: (page, action, typed = {}) =>
      browser.post(new URL(action, page.url).href, { ...readForm(page, action), ...typed }, { from: page.url }),
    async follow(page, within) {
      let at = page;
      for (let i = 0; i < 20 && at.location !== undefined; i++) {
        if (within !== undefined && new URL(at.location).origin !== new URL(within).origin) return at;
        at = await browser.get(at.location);
      }
      return at;
    },
  };
  return browser;
}
