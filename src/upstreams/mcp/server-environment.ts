/** The environment a started server gets: a small set every program needs, and what its configuration names. Nothing else. */

import type { Secret } from '../../contracts/secret.ts';

export type BaseEnvironment = { readonly [name: string]: string | undefined };

/** Where to find the certificates of this network: without them a server behind an inspecting proxy reaches nothing. */
const CERTIFICATES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];
const NAMES = ['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'TERM', 'LANG', 'TMPDIR', ...CERTIFICATES];
const WINDOWS_NAMES = [
  'PATH',
  'PATHEXT',
  'APPDATA',
  'COMSPEC',
  'HOMEDRIVE',
  'HOMEPATH',
  'LOCALAPPDATA',
  'PROCESSOR_ARCHITECTURE',
  'PROGRAMFILES',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'USERNAME',
  'USERPROFILE',
  ...CERTIFICATES,
];

export function decideEnvironment(
  base: BaseEnvironment,
  configured: { readonly [name: string]: Secret },
  platform: string = process.platform,
): { [name: string]: string } {
  const environment: { [name: string]: string } = {};
  const windows = platform === 'win32';
  const wanted = new Set(windows ? WINDOWS_NAMES : NAMES);
  for (const [name, value] of Object.entries(base)) {
    // Shell functions exported by bash are code, not values.
    if (value === undefined || value.startsWith('()')) continue;
    if (wanted.has(windows ? name.toUpperCase() : name)) environment[name] = value;
  }
  for (const [name, secret] of Object.entries(configured)) environment[name] = secret.open();
  return environment;
}
