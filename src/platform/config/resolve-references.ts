// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${env:NAME}` is meant literally here
/** References inside texts, `${env:NAME}` and its relatives in other programs: what they stand for, or what is wrong. */

import { basename, sep } from 'node:path';
import type { Environment } from './environment.ts';
import type { SecretLookup } from './find-secret.ts';

export interface ReferenceScope {
  readonly env: Environment;
  /** Absolute folder of the configuration file: VS Code's workspace folder. */
  readonly folder: string;
  /** Inside an `mcpServers` entry, where Claude Code's `${NAME}` and the variables of VS Code and Cursor are understood. */
  readonly pasted: boolean;
  /** Where values of files and secret managers come from. Undefined: nothing is fetched here, their references stay as they are. */
  readonly secrets?: SecretLookup | undefined;
}

export interface ReferenceFault {
  readonly message: string;
  readonly remedy: string | undefined;
  /** The text can be used as it is, but somebody should know. */
  readonly harmless: boolean;
  /** The text is not what it will be, so it cannot be judged. */
  readonly unfetched?: boolean;
}

const ENV = /^env:([A-Za-z_][A-Za-z0-9_.()-]*?)(?::-(.*))?$/s;
/** Not followed by `-`: that is a default, `${file:-x}`. */
const SECRET = /^(file|vault|aws|gcp|azure):(?!-)(.*)$/s;
const BARE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?$/s;

/** The text with its references replaced. `$${` stands for a literal `${`. An unset variable becomes nothing, and a fault. */
export function resolveReferences(
  raw: string,
  scope: ReferenceScope,
): { readonly text: string; readonly faults: readonly ReferenceFault[] } {
  const faults: ReferenceFault[] = [];
  let text = '';
  let at = 0;
  for (;;) {
    const open = raw.indexOf('${', at);
    const close = open === -1 ? -1 : raw.indexOf('}', open);
    if (close === -1) {
      if (open !== -1 && /^\$\{(env|input|file|vault|aws|gcp|azure):/.test(raw.slice(open, open + 8)))
        faults.push(fault('a reference is opened with ${ but never closed', 'write ${env:NAME}'));
      return { text: text + raw.slice(at), faults };
    }
    const whole = raw.slice(open, close + 1);
    const isEscaped = raw[open - 1] === '$' && open > at;
    text += raw.slice(at, isEscaped ? open - 1 : open);
    const resolved = isEscaped ? whole : resolveOne(raw.slice(open + 2, close), scope);
    if (typeof resolved === 'string') text += resolved;
    else {
      faults.push(resolved);
      if (resolved.harmless) text += whole;
    }
    at = close + 1;
  }
}

function resolveOne(inner: string, scope: ReferenceScope): string | ReferenceFault {
  if (inner.includes('${')) return fault('a reference inside a reference', 'write one reference, with a plain default');
  const env = ENV.exec(inner);
  if (env) return resolveVariable(env[1] ?? '', env[2], '${env:', scope.env);
  if (inner.startsWith('env:'))
    return fault('a reference with no valid variable name', 'write ${env:NAME} or ${env:NAME:-default}');
  const secret = SECRET.exec(inner);
  if (secret) return resolveSecret(secret[1] as 'file', secret[2] ?? '', scope.secrets);
  if (inner.startsWith('input:')) {
    const name =
      inner
        .slice('input:'.length)
        .toUpperCase()
        .replace(/[^A-Z0-9_]+/g, '_') || 'NAME';
    return fault(
      `\${${shorten(inner)}} asks the user of VS Code, which a gateway cannot`,
      `write \${env:${shorten(name)}} and set that variable before starting`,
    );
  }
  if (/^(config|command):/.test(inner))
    return fault(`\${${shorten(inner)}} exists only inside VS Code`, 'write the value, or ${env:NAME}');
  if (scope.pasted) {
    const known = resolvePredefined(inner, scope);
    if (known !== undefined) return known;
    const bare = BARE.exec(inner);
    if (bare) return resolveVariable(bare[1] ?? '', bare[2], '${', scope.env);
    return {
      ...fault('this ${…} is no reference and is passed on as it stands', 'write $${…} to say that this is meant'),
      harmless: true,
    };
  }
  const bare = BARE.exec(inner)?.[1];
  return fault(
    'this ${…} is no reference here',
    bare === undefined ? 'write ${env:NAME}, or $${…} for the characters themselves' : `write \${env:${shorten(bare)}}`,
  );
}

/** As in a shell, the default also stands in for a variable that is set but empty. */
function resolveVariable(
  name: string,
  fallback: string | undefined,
  open: string,
  env: Environment,
): string | ReferenceFault {
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (value !== undefined && (value !== '' || fallback === undefined)) return value;
  if (fallback !== undefined) return fallback;
  return fault(
    `the environment variable ${shorten(name)} is not set`,
    `set it before starting, or give a default: ${open}${shorten(name)}:-…}`,
  );
}

/** Stands for a value until it is fetched; the configuration that holds it is never put in force. */
const PENDING = 'pending-pending-pending-pending';

function resolveSecret(
  source: Parameters<SecretLookup['find']>[0],
  reference: string,
  secrets: SecretLookup | undefined,
): string | ReferenceFault {
  if (secrets === undefined)
    return {
      message: 'is not fetched here',
      remedy: 'the gateway does when it starts',
      harmless: true,
      unfetched: true,
    };
  const found = secrets.find(source, reference);
  switch (found.type) {
    case 'value':
      return found.value;
    case 'pending':
      return PENDING;
    case 'failed':
      return { message: found.message, remedy: found.remedy, harmless: false };
  }
}

function resolvePredefined(inner: string, scope: ReferenceScope): string | ReferenceFault | undefined {
  switch (inner) {
    case 'workspaceFolder':
      return scope.folder;
    case 'workspaceFolderBasename':
      return basename(scope.folder);
    case 'userHome': {
      const home = scope.env.HOME ?? scope.env.USERPROFILE;
      return home ?? fault('the home folder is not known: HOME is not set', 'set HOME, or write the folder out');
    }
    case 'pathSeparator':
    case '/':
      return sep;
    default:
      return undefined;
  }
}

function fault(message: string, remedy: string): ReferenceFault {
  return { message, remedy, harmless: false };
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
