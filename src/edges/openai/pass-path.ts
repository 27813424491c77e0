/** The paths that are passed through: which there are, with which methods, and whether a request has to name a model. */

import type { PassSurface, RawRequest } from '../../contracts/models.ts';

export interface PassPath {
  readonly surface: PassSurface;
  readonly methods: readonly RawRequest['method'][];
  /** Below `/v1`, without query. */
  readonly path: string;
  /** `own`: where none is named, the provider has one of its own choice; `never`: there is none to name. */
  readonly model: 'required' | 'own' | 'never';
}

type Row = Omit<PassPath, 'path'>;

const POST = ['POST'] as const;

const PATHS: ReadonlyMap<string, Row> = new Map<string, Row>([
  ['audio/speech', { surface: 'audio', methods: POST, model: 'required' }],
  ['audio/transcriptions', { surface: 'audio', methods: POST, model: 'required' }],
  ['audio/translations', { surface: 'audio', methods: POST, model: 'required' }],
  ['images/generations', { surface: 'images', methods: POST, model: 'own' }],
  ['images/edits', { surface: 'images', methods: POST, model: 'own' }],
  ['images/variations', { surface: 'images', methods: POST, model: 'own' }],
  ['moderations', { surface: 'moderations', methods: POST, model: 'own' }],
  ['rerank', { surface: 'rerank', methods: POST, model: 'required' }],
  ['completions', { surface: 'completions', methods: POST, model: 'required' }],
  ['files', { surface: 'files', methods: ['GET', 'POST'], model: 'never' }],
]);

const FILE: Row = { surface: 'files', methods: ['GET', 'DELETE'], model: 'never' };
const CONTENT: Row = { surface: 'files', methods: ['GET'], model: 'never' };
/** What providers give as ids of files: nothing that could lead to another path. */
const FILE_ID = /^[A-Za-z0-9_-]{1,256}$/;

/** `rest` as `readModelPath` gives it. Undefined: nothing that is passed through. */
export function readPassPath(rest: readonly string[]): PassPath | undefined {
  const [first, id = '', last] = rest;
  if (first === 'files' && rest.length > 1) {
    if (!FILE_ID.test(id) || rest.length > 3) return undefined;
    if (last === undefined) return { ...FILE, path: `files/${id}` };
    return last === 'content' ? { ...CONTENT, path: `files/${id}/content` } : undefined;
  }
  const path = rest.join('/');
  const row = PATHS.get(path);
  return row && { ...row, path };
}
