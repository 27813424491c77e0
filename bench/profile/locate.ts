/** Whose code a frame of a profile is: a room of ours, a package, Node itself, or the engine. */

import type { CallFrame, Place } from './fold-profile.ts';

/** Where a position of the bundle comes from; lines from 0. */
export interface Source {
  readonly file: string;
  readonly line: number;
  /** The text of that line. */
  readonly text: string;
}

/** Undefined: it comes from nowhere. */
export type FindSource = (line: number, column: number) => Source | undefined;

const NETWORK = /^node:(?:internal\/)?(?:_?https?|net|tls|_?streams?|js_stream|timers|dns|url)(?![a-z])/;
const PACKAGE = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)\/(.*)$/;
const ROOM = /(?:^|\/)(src\/([^/]+)\/.*)$/;

/** Of what the engine names itself. */
const ENGINE: { readonly [name: string]: string } = {
  '(garbage collector)': 'garbage collector',
  '(program)': 'native',
};

function placeOfSource(name: string, file: string, line: number): Place {
  const inPackage = PACKAGE.exec(file);
  if (inPackage !== null) {
    const [, owner = '', rest = ''] = inPackage;
    return { name, where: `${owner}/${rest}:${line}`, kind: owner === 'undici' ? owner : 'other packages' };
  }
  const inRoom = ROOM.exec(file);
  if (inRoom === null) return { name, where: `${file}:${line}`, kind: 'other' };
  return { name, where: `${inRoom[1]}:${line}`, kind: `ours: ${inRoom[2]}` };
}

/** Without the number that bundling put behind it: there names of all files are in one scope. */
function originalName(name: string, text: string): string {
  const bare = name.replace(/\d+$/, '');
  return bare !== '' && !text.includes(name) && text.includes(bare) ? bare : name;
}

/** `bundleUrl`: of the file that `findSource` knows. */
export function createLocate(bundleUrl: string, findSource: FindSource): (frame: CallFrame) => Place {
  return ({ functionName, url, lineNumber, columnNumber }) => {
    const name = functionName === '' ? '(anonymous)' : functionName;
    if (url === '') return { name, where: '', kind: ENGINE[name] ?? 'native' };
    const line = lineNumber + 1;
    if (url.startsWith('node:'))
      return {
        name,
        where: `${url}:${line}`,
        kind: NETWORK.test(url) ? 'node: http, net, streams, timers' : 'node: the rest',
      };
    const source = url === bundleUrl ? findSource(lineNumber, columnNumber) : undefined;
    if (source !== undefined) return placeOfSource(originalName(name, source.text), source.file, source.line + 1);
    return placeOfSource(name, url.replace(/^file:\/\//, ''), line);
  };
}
