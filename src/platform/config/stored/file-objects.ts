/** Everything that the file owns and the record of changes speaks of, without anything that may be a secret. */

import { hash } from 'node:crypto';
import { CONFIG_KINDS } from '../../../contracts/config-objects.ts';
import type { JsonObject } from '../../../contracts/json.ts';
import type { ObjectKind } from '../../../contracts/objects.ts';
import { isObject } from '../../../lib/is-object.ts';
import type { JsoncNode } from '../../../lib/jsonc.ts';
import { entriesAt, fileEntries } from './file-entries.ts';
import { isReference, mapSecrets } from './secrets-within.ts';

export interface FileOwned {
  readonly kind: ObjectKind;
  /** As the admin API has it: of parts of the configuration their name, else `config:…`. */
  readonly id: string;
  readonly name: string;
  /** As it is written; `{ hidden: true }` in place of a secret. */
  readonly body: JsonObject;
  /** SHA-256 of what is hidden, in hex: whoever has it can try guesses. Undefined: nothing is. */
  readonly fingerprint: string | undefined;
}

type HiddenTexts = string[];

/** `root`: the file's tree as it was read, without what is stored. */
export function fileObjects(root: JsoncNode): readonly FileOwned[] {
  const parts = CONFIG_KINDS.flatMap((kind) =>
    fileEntries(root, kind).map(({ name, body }) => {
      const hidden: HiddenTexts = [];
      const shown = mapSecrets(kind, body, (value, path) => hide(value, path, hidden));
      return owned({ kind, id: name, name, body: hideLikely(shown, hidden) as JsonObject }, hidden);
    }),
  );
  const people = (['organization', 'team'] as const).flatMap((kind) =>
    entriesAt(root, [`${kind}s`], 'by-name').map(({ name, body }) =>
      owned({ kind, id: `config:${kind}:${name}`, name, body }, []),
    ),
  );
  const keys = entriesAt(root, ['keys'], 'list').map(({ name, body }) => {
    const hidden: HiddenTexts = [];
    const shown = { ...body, value: hide(body.value, 'value', hidden) } as JsonObject;
    return owned({ kind: 'key' as const, id: `config:${name}`, name, body: shown }, hidden);
  });
  // Of a name that stands twice, the last.
  return [...new Map([...parts, ...people, ...keys].map((each) => [`${each.kind} ${each.id}`, each])).values()];
}

function owned(object: Omit<FileOwned, 'fingerprint'>, hidden: HiddenTexts): FileOwned {
  return { ...object, fingerprint: hidden.length === 0 ? undefined : hash('sha256', JSON.stringify(hidden), 'hex') };
}

function hide(value: unknown, path: string, hidden: HiddenTexts): unknown {
  if (value === null || value === undefined || value === '' || isReference(value)) return value;
  hidden.push(`${path} ${JSON.stringify(value)}`);
  return { hidden: true };
}

const TELLING = /key|token|secret|pass|auth|credential/i;
const MARK = '[hidden]';

/** Secrets where none belong: in addresses, and in arguments of programs. What is taken for one is hidden, in doubt too much. */
function hideLikely(value: unknown, hidden: HiddenTexts): unknown {
  const mark = (text: string): string => {
    if (text === '' || isReference(text)) return text;
    hidden.push(text);
    return MARK;
  };
  if (typeof value === 'string') return hideInAddress(value, mark);
  if (Array.isArray(value)) {
    let isNext = false;
    return value.map((each) => {
      if (typeof each !== 'string') return hideLikely(each, hidden);
      const [, flag, given] = /^(-[\w-]+)(?:=(.*))?$/s.exec(each) ?? [];
      const wasTold = isNext && flag === undefined;
      isNext = flag !== undefined && given === undefined && TELLING.test(flag);
      if (wasTold) return mark(each);
      return flag !== undefined && given !== undefined && TELLING.test(flag)
        ? `${flag}=${mark(given)}`
        : hideInAddress(each, mark);
    });
  }
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, hideLikely(each, hidden)]));
}

/** User, password and what is asked for. */
function hideInAddress(text: string, mark: (text: string) => string): string {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return text;
  return text
    .replace(/(:\/\/)([^/?#@]*)@/, (_, start: string, who: string) => `${start}${mark(who)}@`)
    .replace(/([?&][^=&#]*=)([^&#]*)/g, (_, name: string, given: string) => `${name}${mark(given)}`);
}
