/** From an entry of `mcpServers` to a transport: which kind it is, and whether its fields go together. */

import { resolve } from 'node:path';
import type { TransportConfig } from '../../contracts/config.ts';
import { type Entry, reportMissing } from './entry.ts';
import { readOpenApi } from './read-open-api.ts';
import { readRemote, URL_FIELDS } from './read-remote.ts';
import { readEnv, readStdio } from './read-stdio.ts';
import { TRANSPORT_TYPES } from './server-schema.ts';

/** Fields that belong to some kinds of transport only. */
const BELONGS = {
  stdio: ['command', 'args', 'env', 'envFile', 'cwd'],
  remote: [...URL_FIELDS, 'headers'],
  'in-process': ['module'],
  openapi: ['document', 'baseUrl', 'headers', 'operations', 'maxResponseBytes'],
  folder: ['folder', 'env', 'envFile', 'maxMemoryMb', 'maxBlockMs'],
} as const;
const FOLDER_DEFAULTS = { maxMemoryMb: 512, maxBlockMs: 10_000 };

/** Reports what does not fit together. Undefined only where no kind of transport can be made out. */
export function readTransport(entry: Entry): TransportConfig | undefined {
  const type = decideType(entry);
  if (type === undefined) return undefined;
  warnOfForeignFields(entry, type);
  switch (type) {
    case 'stdio':
      return readStdio(entry);
    case 'http':
    case 'sse':
      return readRemote(entry, type);
    case 'openapi':
      return readOpenApi(entry);
    case 'in-process':
      if (!entry.value.module) reportMissing(entry, 'module', 'name the module, e.g. "demo"');
      return { type, module: entry.value.module ?? '' };
    case 'folder':
      return readFolder(entry);
  }
}

/** An entry of type `openapi`, said or meant. */
export function isOpenApi(value: Entry['value'] | undefined): boolean {
  if (value?.type !== undefined) return value.type === 'openapi';
  const isOther = value?.command !== undefined || value?.module !== undefined;
  return value?.document !== undefined && !isOther && !URL_FIELDS.some((field) => value[field] !== undefined);
}

function readFolder(entry: Entry): TransportConfig {
  const { document, path, value } = entry;
  if (!value.folder) reportMissing(entry, 'folder', 'name the folder that holds the tools, e.g. "./tools"');
  if (value.folder?.includes('\0'))
    document.report.problem([...path, 'folder'], 'holds a NUL character, which no path can');
  const { maxMemoryMb = FOLDER_DEFAULTS.maxMemoryMb, maxBlockMs = FOLDER_DEFAULTS.maxBlockMs } = value;
  const folder = resolve(document.scope.folder, value.folder ?? '');
  return { type: 'folder', folder, env: readEnv(entry), maxMemoryMb, maxBlockMs };
}

function decideType({ document, path, value }: Entry): TransportConfig['type'] | undefined {
  const hasUrl = URL_FIELDS.some((field) => value[field] !== undefined);
  const declared = value.type === undefined ? undefined : TRANSPORT_TYPES[value.type];
  if (value.command !== undefined && hasUrl) {
    document.report.problem(
      path,
      'has both a "command" and a "url"',
      'keep "command" to start a program, "url" for a remote server',
    );
    return undefined;
  }
  if (declared === 'stdio' && hasUrl && value.command === undefined) {
    document.report.problem(
      [...path, 'type'],
      `"${value.type}" does not go with a "url"`,
      'write "type": "http", or leave "type" out',
    );
    return undefined;
  }
  if ((declared === 'http' || declared === 'sse') && value.command !== undefined) {
    document.report.problem(
      [...path, 'type'],
      `"${value.type}" does not go with a "command"`,
      'write "type": "stdio", or leave "type" out',
    );
    return undefined;
  }
  if (declared !== undefined) return declared;
  if (value.command !== undefined) return 'stdio';
  if (hasUrl) return 'http';
  if (value.module !== undefined) return 'in-process';
  if (isOpenApi(value)) return 'openapi';
  if (value.folder !== undefined) return 'folder';
  document.report.problem(
    path,
    'has neither a "command" nor a "url"',
    'add "command" to start a program, or "url" for a remote server',
  );
  return undefined;
}

function warnOfForeignFields({ document, path, value }: Entry, type: TransportConfig['type']): void {
  const own = type === 'http' || type === 'sse' ? 'remote' : type;
  const ours: readonly string[] = BELONGS[own];
  const foreign = new Set(
    Object.values(BELONGS)
      .flat()
      .filter((field) => !ours.includes(field)),
  );
  for (const field of foreign) {
    const content = value[field];
    const isEmpty = content === undefined || (typeof content === 'object' && Object.keys(content).length === 0);
    if (!isEmpty)
      document.report.warning([...path, field], `has no effect on a server of type ${type}`, 'leave it out');
  }
}
