/** A real Chromium, driven over its debugging protocol: for what only a browser decides, like policies of content and redirects of forms. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Cleanup, createTempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
/** Undefined: this machine has none. */
export const CHROMIUM = PLACES.find((path) => existsSync(path));

export interface ChromiumPage {
  send(method: string, params?: object): Promise<{ readonly [member: string]: unknown }>;
  /** Of an expression in the page. */
  evaluate(expression: string): Promise<unknown>;
  open(url: string): Promise<void>;
  /** Until the address of the page fits and it has loaded. */
  at(url: RegExp): Promise<string>;
  /** PNG. `width` in CSS pixels; the whole height of the page. */
  screenshot(width: number, scheme: 'light' | 'dark'): Promise<Buffer>;
}

export async function startChromium(t: Cleanup): Promise<ChromiumPage> {
  assert.ok(CHROMIUM);
  const profile = await createTempDir(t);
  const flags = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run'];
  const child = spawn(
    CHROMIUM,
    [...flags, `--user-data-dir=${join(profile, 'profile')}`, '--remote-debugging-port=0', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  t.after(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const port = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      const found = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', (code) => reject(new Error(`Chromium ended with ${code}`)));
  });
  const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as {
    readonly type: string;
    readonly webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(targets.find(({ type }) => type === 'page')?.webSocketDebuggerUrl ?? assert.fail());
  await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
  t.after(() => socket.close());
  const waiting = new Map<number, (message: { result?: object; error?: object }) => void>();
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as { id?: number; result?: object; error?: object };
    if (message.id !== undefined) waiting.get(message.id)?.(message);
  });
  let last = 0;
  const send: ChromiumPage['send'] = (method, params = {}) =>
    new Promise((resolve, reject) => {
      const id = ++last;
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id);
        if (error === undefined) resolve({ ...result });
        else reject(new Error(`${method}: ${JSON.stringify(error)}`));
      });
      socket.send(JSON.stringify({ id, method, params }));
    });
  const page: ChromiumPage = {
    send,
    async evaluate(expression) {
      const { result } = (await send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true })) as {
        result?: { value?: unknown };
      };
      return result?.value;
    },
    async open(url) {
      await send('Page.navigate', { url });
    },
    async at(url) {
      let now = '';
      await waitFor(`the page ${url}`, async () => {
        // Between two pages there is none to ask.
        const state = await page.evaluate('[location.href, document.readyState]').catch(() => undefined);
        const [href, ready] = (state ?? ['', '']) as string[];
        now = href ?? '';
        return ready === 'complete' && url.test(now);
      });
      return now;
    },
    async screenshot(width, scheme) {
      const features = [{ name: 'prefers-color-scheme', value: scheme }];
      await send('Emulation.setEmulatedMedia', { features });
      const size = { width, height: 800, deviceScaleFactor: 1, mobile: width < 500 };
      await send('Emulation.setDeviceMetricsOverride', size);
      const shot = await send('Page.captureScreenshot', { format: 'png', captureBeyondViewport: true });
      return Buffer.from(String(shot.data), 'base64');
    },
  };
  await send('Page.enable');
  return page;
}
