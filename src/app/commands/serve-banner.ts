/** What `serve` prints for people once the gateway listens. */

import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { ProviderConfig } from '../../contracts/models-config.ts';
import type { App } from '../assemble.ts';
import { resolveDataDir } from './shared-options.ts';
import { paint, print } from './terminal.ts';

/** How this reader runs the command line, so that the hints can be pasted: from a clone, or as the installed command. */
function ownCommand(): string {
  const root = resolve(import.meta.dirname, '../../..');
  const isClone = existsSync(resolve(root, 'src/app/main.ts'));
  return isClone ? `node ${relative(process.cwd(), resolve(root, 'bin/portcullis.mjs'))}` : 'portcullis';
}

/** One that surely exists: the pretended one, or one that the configuration names. */
function exampleModel(providers: readonly ProviderConfig[]): string | undefined {
  const fake = providers.find(({ type }) => type === 'fake');
  if (fake !== undefined) return `${fake.id}/echo`;
  for (const { id, models } of providers) {
    const model = models.find((name) => /^[\w./:@-]+$/.test(name));
    if (model !== undefined) return `${id}/${model}`;
  }
  return undefined;
}

/** Where the data lies, unless a command run here would look there anyway. */
function dataOption(options: { readonly config: string; readonly data?: string }): string {
  const data = relative(process.cwd(), resolveDataDir(options)) || '.';
  return data === '.portcullis' ? '' : ` --data ${data}`;
}

/** For a person: where the gateway is, the key if it was made just now, and what to do next. */
export function sayWhereItIs(
  app: App,
  url: string,
  key: string | undefined,
  options: { readonly config: string; readonly data?: string },
  file: string,
): void {
  const command = ownCommand();
  const shown = key ?? '$PORTCULLIS_KEY';
  const providers = (app.gateway.config().providers ?? []).filter(({ enabled }) => enabled);
  const servers = [...app.registry.current().values()];
  const tool = servers.some((s) => s.id === 'everything')
    ? "tools call everything__echo --arg message='hello'"
    : 'tools list';
  const title = (text: string) => paint('bold', text.padEnd(10));
  print();
  print(`${title('Gateway')} ${url}`);
  print(`${title('MCP')} ${url}/mcp`);
  if (key !== undefined) print(`${title('Key')} ${paint('yellow', key)}   (shown once; only its hash is kept)`);
  else
    print(
      `${title('Keys')} ${app.countKeys()} in force; make another with: ${command} keys create --name NAME --allow '*'`,
    );
  if (providers.length > 0) print(`${title('Models')} ${url}/v1   (${providers.map(({ id }) => id).join(', ')})`);
  print(
    `${title('Servers')} ${servers.length === 0 ? `none yet: ${command} init, or write ${file}` : servers.map((s) => s.id).join(', ')}`,
  );
  print(
    `${title('Admin')} ${url}/api/v1   (a token: ${command} admin-tokens create --name NAME --role owner${dataOption(options)})`,
  );
  print();
  if (servers.length > 0 || providers.length === 0) {
    print('Call a tool:');
    print(`  ${command} ${tool} --url ${url} --key ${shown}`);
  }
  const model = exampleModel(providers);
  if (model !== undefined) {
    const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'hello' }] });
    print('Ask a model:');
    print(`  curl ${url}/v1/chat/completions -H "Authorization: Bearer ${shown}" --json '${body}'`);
  }
  print('Connect Claude Code:');
  print(`  claude mcp add --transport http portcullis ${url}/mcp --header "Authorization: Bearer ${shown}"`);
  print('See what happened:');
  print(`  ${command} audit --data ${relative(process.cwd(), resolveDataDir(options)) || '.'}`);
  print();
}
