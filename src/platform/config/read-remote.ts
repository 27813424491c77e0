// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** An entry that names a remote server: its address and the headers sent there. */

import type { TransportConfig } from '../../contracts/config.ts';
import type { Secret } from '../../contracts/secret.ts';
import { type Entry, reportMissing, shownAsWritten, warnOfDollar, wrapSecrets, written } from './entry.ts';

/** The spellings of the address. */
export const URL_FIELDS = ['url', 'serverUrl', 'httpUrl'] as const;

/** Reports what is wrong with its content; always returns a transport. */
export function readRemote(entry: Entry, type: 'http' | 'sse'): TransportConfig {
  const { document, path, node, value } = entry;
  const given = URL_FIELDS.filter((field) => value[field] !== undefined);
  const field = given[0] ?? 'url';
  if (given.length > 1)
    document.report.problem(path, `has ${given.map((each) => `"${each}"`).join(' and ')}`, 'keep one of them');
  const text = value[field] ?? '';
  if (text.trim() === '') reportMissing(entry, field, 'write the address, e.g. "https://example.com/mcp"');
  else checkUrl(entry, field, text);
  const transport: TransportConfig = { type, url: text, headers: readHeaders(entry) };
  return shownAsWritten(transport, { url: written(node, [field]) ?? text });
}

/** The headers of an entry. Reports names and values that no header can have. */
export function readHeaders(entry: Entry): { readonly [name: string]: Secret } {
  const { document, path, value } = entry;
  const headers = new Map<string, string>();
  for (const [name, content] of Object.entries(value.headers ?? {})) {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
      document.report.problem(
        [...path, 'headers'],
        'holds a name that no HTTP header can have',
        'write "Name": "value"',
      );
      continue;
    }
    if ([...headers.keys()].some((other) => other.toLowerCase() === name.toLowerCase()))
      document.report.problem(
        [...path, 'headers', name],
        'stands twice: upper and lower case do not count in header names',
        'keep one of them',
      );
    if (/[^\t\x20-\x7e\x80-\xff]/.test(content))
      document.report.problem(
        [...path, 'headers', name],
        'holds a line break or another character that no HTTP header can',
        'look for a line break at the end of the value',
      );
    warnOfDollar(entry, ['headers', name], content);
    headers.set(name, content);
  }
  return wrapSecrets(headers);
}

export function checkUrl({ document, path }: Pick<Entry, 'document' | 'path'>, field: string, text: string): void {
  const at = [...path, field];
  const url = URL.parse(text);
  if (url === null)
    document.report.problem(at, 'is not a complete URL', 'write it out, e.g. "https://example.com/mcp"');
  else if (url.protocol !== 'http:' && url.protocol !== 'https:')
    document.report.problem(at, 'expected a URL that begins with http:// or https://');
  else if (url.username !== '' || url.password !== '')
    document.report.problem(
      at,
      'holds a user name or password',
      'send it in "headers", e.g. "Authorization": "Basic ${env:NAME}"',
    );
}
