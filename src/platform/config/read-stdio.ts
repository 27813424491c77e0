/** An entry that starts a program: its arguments, its environment, and the file that environment may stand in. */

import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import type { TransportConfig } from '../../contracts/config.ts';
import type { Secret } from '../../contracts/secret.ts';
import { type Entry, reportMissing, shownAsWritten, warnOfDollar, wrapSecrets, written } from './entry.ts';

/** Reports what is wrong with its content; always returns a transport. */
export function readStdio(entry: Entry): TransportConfig {
  const { document, path, node, value } = entry;
  const command = value.command ?? '';
  const args = value.args ?? [];
  if (command.trim() === '') reportMissing(entry, 'command', 'name the program to start, e.g. "npx"');
  if (args.length === 0 && /^[\w.-]+\s+\S/.test(command))
    document.report.warning(
      [...path, 'command'],
      'looks like a whole command line, but names only the program; no shell takes it apart',
      'put the first word into "command" and each of the others into "args"',
    );
  for (const [i, arg] of args.entries())
    if (arg.includes('\0'))
      document.report.problem([...path, 'args', i], 'holds a NUL character, which no argument can');
  const cwd = value.cwd ? resolve(document.scope.folder, value.cwd) : undefined;
  const transport: TransportConfig = { type: 'stdio', command, args, env: readEnv(entry), cwd };
  return shownAsWritten(transport, {
    command: written(node, ['command']) ?? command,
    args: args.map((arg, i) => written(node, ['args', i]) ?? arg),
    cwd: cwd === undefined || value.cwd === written(node, ['cwd']) ? cwd : written(node, ['cwd']),
  });
}

/** `env` over `envFile`, checked. */
export function readEnv(entry: Entry): { readonly [name: string]: Secret } {
  const { document, path, value } = entry;
  const env = new Map<string, string>(Object.entries(value.envFile ? readEnvFile(entry, value.envFile) : {}));
  for (const [name, content] of Object.entries(value.env ?? {})) {
    if (name === '' || /[=\0]/.test(name)) {
      // The name is not repeated: with a missing quote it may hold the value.
      document.report.problem(
        [...path, 'env'],
        'holds a name that no environment variable can have',
        'names hold no "="',
      );
      continue;
    }
    if (content === null) env.delete(name);
    else {
      const text = String(content);
      if (text.includes('\0'))
        document.report.problem([...path, 'env', name], 'holds a NUL character, which no variable can');
      warnOfDollar(entry, ['env', name], text);
      env.set(name, text);
    }
  }
  return wrapSecrets(env);
}

function readEnvFile({ document, path }: Entry, name: string): { readonly [name: string]: string } {
  const at = [...path, 'envFile'];
  if (document.readFile === undefined) {
    document.report.warning(at, 'is not read here, so its variables are missing');
    return {};
  }
  try {
    return parseEnv(document.readFile(resolve(document.scope.folder, name))) as { [name: string]: string };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'not readable';
    document.report.problem(at, `the file cannot be read (${code})`, `paths are relative to ${document.scope.folder}`);
    return {};
  }
}
