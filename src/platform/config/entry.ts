// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** What the kinds of transport have in common when an entry is read: complaints, secrets, and how they are shown. */

import type { TransportConfig } from '../../contracts/config.ts';
import { Secret } from '../../contracts/secret.ts';
import type { JsoncNode } from '../../lib/jsonc.ts';
import type { Document } from './document.ts';
import { nodeAt, type Path } from './report.ts';
import type { ServerEntryValue } from './server-schema.ts';

/** An entry of `mcpServers`: as it stands in the file, and as typed value with its references resolved. */
export interface Entry {
  readonly document: Document;
  readonly path: Path;
  readonly node: JsoncNode;
  readonly value: ServerEntryValue;
  /** The server is switched off: broken references are only warned about. */
  readonly off: boolean;
}

export function reportMissing({ document, path }: Entry, field: string, remedy: string): void {
  document.report.problem([...path, field], 'is missing; expected a string that is not empty', remedy);
}

/** Gemini CLI replaces `$NAME`; here it would reach the server as it stands. */
export function warnOfDollar({ document, path }: Entry, field: Path, text: string): void {
  const name = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(text)?.[1];
  if (name !== undefined)
    document.report.warning(
      [...path, ...field],
      'is passed on as it stands; $NAME is no reference here',
      'write ${env:NAME}',
    );
}

/** Each value as a Secret. */
export function wrapSecrets(values: ReadonlyMap<string, string>): { readonly [name: string]: Secret } {
  return Object.fromEntries([...values].map(([name, text]) => [name, new Secret(text)]));
}

/** The text at `path` inside the entry, references unresolved. */
export function written(node: JsoncNode, path: Path): string | undefined {
  const found = nodeAt(node, path);
  return found?.type === 'scalar' && typeof found.value === 'string' ? found.value : undefined;
}

/**
 * Arguments and addresses are plain texts in the contract, yet a reference in them may stand for a secret: printing the
 * transport, as JSON or by inspection, shows these fields as they stand in the file.
 */
export function shownAsWritten<T extends TransportConfig>(
  transport: T,
  shown: { readonly [field: string]: unknown },
): T {
  const show = { value: () => ({ ...transport, ...shown }) };
  return Object.defineProperties(transport, { toJSON: show, [Symbol.for('nodejs.util.inspect.custom')]: show });
}
