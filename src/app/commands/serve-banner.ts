/** What `serve` prints for people once the gateway listens. */

import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { App } from '../assemble.ts';
import { resolveDataDir } from './shared-options.ts';
import { paint, print } from './terminal.ts';

/** How this reader runs the command line, so that the hints can be pasted: from a clone, or as the installed command. */
function ownCommand(): string {
  const root = resolve(import.meta.dirname, '../../..');
  const isClone = existsSync(resolve(root, 'src/app/main.ts'));
  return isClone ? `node ${relative(process.cwd(), resolve(root, 'bin/portcullis.mjs'))}` : 'portcullis';
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
  print(
    `${title('Servers')} ${servers.length === 0 ? `none yet: ${command} init, or write ${file}` : servers.map((s) => s.id).join(', ')}`,
  );
  print();
  print('Call a tool:');
  print(`  ${command} ${tool} --url ${url} --key ${shown}`);
  print('Connect Claude Code:');
  print(`  claude mcp add --transport http portcullis ${url}/mcp --header "Authorization: Bearer ${shown}"`);
  print('See what happened:');
  print(`  ${command} audit --data ${relative(process.cwd(), resolveDataDir(options)) || '.'}`);
  print();
}
