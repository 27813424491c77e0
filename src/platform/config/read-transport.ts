/** From an entry of `mcpServers` to a transport: which kind it is, and whether its fields go together. */

import type { TransportConfig } from '../../contracts/config.ts';
import { type Entry, reportMissing } from './entry.ts';
import { readOpenApi } from './read-open-api.ts';
import { readRemote, URL_FIELDS } from './read-remote.ts';
import { readStdio } from './read-stdio.ts';
import { TRANSPORT_TYPES } from './server-schema.ts';

/** Fields that belong to one kind of transport only. */
const BELONGS = {
  stdio: ['command', 'args', 'env', 'envFile', 'cwd'],
  remote: [...URL_FIELDS, 'headers'],
  'in-process': ['module'],
  openapi: ['document', 'baseUrl', 'headers', 'operations', 'maxResponseBytes'],
} as const;

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
  }
}

/** An entry of type `openapi`, said or meant. */
export function isOpenApi(value: Entry['value'] | undefined): boolean {
  if (value?.type !== undefined) return value.type === 'openapi';
  const isOther = value?.command !== undefined || value?.module !== undefined;
  return value?.document !== undefined && !isOther && !URL_FIELDS.some((field) => value[field] !== undefined);
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
  document.report.problem(
    path,
    'has neither a "command" nor a "url"',
    'add "command" to start a program, or "url" for a remote server',
  );
  return undefined;
}

function warnOfForeignFields({ document, path, value }: Entry, type: TransportConfig['type']): void {
  const own = type === 'http' || type === 'sse' ? 'remote' : type;
  const known: readonly string[] = BELONGS[own];
  const foreign = new Set(Object.values(BELONGS).flat());
  for (const field of foreign) {
    if (known.includes(field)) continue;
    const content = value[field];
    const isEmpty = content === undefined || (typeof content === 'object' && Object.keys(content).length === 0);
    if (!isEmpty)
      document.report.warning([...path, field], `has no effect on a server of type ${type}`, 'leave it out');
  }
}
