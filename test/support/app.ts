/** The whole gateway in the test's own process, listening on loopback: for tests that need no process of its own. */

import { type App, assemble } from '../../src/app/assemble.ts';
import { parseConfig } from '../../src/platform/config/parse-config.ts';
import { type Cleanup, createTempDir } from './temp-dir.ts';

export interface StartedApp {
  readonly app: App;
  readonly url: string;
  /** Secret of a key that may use everything. */
  readonly key: string;
  /** Lines of the log. */
  readonly log: readonly string[];
}

/** `config`: content of portcullis.json. `dataDir`: default a new one; `port`: default any. */
export async function startApp(
  cleanup: Cleanup,
  config: object,
  { dataDir, port = 0 }: { readonly dataDir?: string; readonly port?: number | undefined } = {},
): Promise<StartedApp> {
  const parsed = parseConfig(JSON.stringify(config), { file: '/portcullis.json', env: {}, readFile: () => '' });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  const log: string[] = [];
  const note = (message: string, fields?: object): void => {
    log.push(
      `${message} ${fields === undefined ? '' : JSON.stringify(fields, (_, value) => (value instanceof Error ? String(value) : value))}`,
    );
  };
  const app = await assemble({
    ...{
      config: parsed.config,
      dataDir: dataDir ?? (await createTempDir(cleanup)),
      environment: {},
      inProcess: new Map(),
    },
    identity: { name: 'portcullis', version: '0.0.0' },
    log: { debug: note, info: note, warn: note, error: note },
  });
  cleanup.after(() => app[Symbol.asyncDispose]());
  const { url } = await app.listen('127.0.0.1', port);
  return { app, url, key: (await app.createFirstKey()) ?? '', log };
}
