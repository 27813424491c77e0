/** What OpenAI has besides chat, pretended: embeddings, speech, transcriptions, images, moderations, files, models. */

import type { MockReply, MockRequest } from './mock-provider.ts';

interface StoredFile {
  readonly id: string;
  readonly object: 'file';
  readonly bytes: number;
  readonly created_at: number;
  readonly filename: string;
  readonly purpose: string;
  readonly status: 'processed';
}

/** What speech sounds like: every byte there is, so that nobody takes it for text. */
export const SPEECH = Buffer.from(Array.from({ length: 256 }, (_, i) => 255 - i));

const json = (value: unknown, status = 200): MockReply => ({ status, body: JSON.stringify(value) });

const notFound = (what: string): MockReply =>
  json({ error: { message: `No such ${what} at acct-secret`, type: 'invalid_request_error', code: null } }, 404);

/** The same text has the same vector, another one another. */
export function vectorOf(input: unknown, dimensions: number): readonly number[] {
  const text = typeof input === 'string' ? input : JSON.stringify(input);
  return Array.from({ length: dimensions }, (_, i) => Math.fround(((text.length + 1) * (i + 1)) / 100));
}

function embed(body: { [member: string]: unknown }): MockReply {
  const { input, dimensions } = body;
  const isList = Array.isArray(input) && typeof input[0] !== 'number';
  const inputs: readonly unknown[] = isList ? input : [input];
  const data = inputs.map((each, index) => {
    const vector = vectorOf(each, typeof dimensions === 'number' ? dimensions : 3);
    const embedding =
      body.encoding_format === 'base64' ? Buffer.from(new Float32Array(vector).buffer).toString('base64') : vector;
    return { object: 'embedding', index, embedding };
  });
  const usage = { prompt_tokens: 5 * inputs.length, total_tokens: 5 * inputs.length };
  return json({ object: 'list', data, model: body.model, usage });
}

/** Fields of a form; files by their name and bytes. */
export async function readForm(request: MockRequest): Promise<FormData> {
  const type = String(request.headers['content-type']);
  return new Response(new Uint8Array(request.body), { headers: { 'content-type': type } }).formData();
}

/** A hook for a mock of OpenAI: undefined where the path is none of these. Keeps files until it is dropped. */
export function createOpenaiOther(): (request: MockRequest) => MockReply | undefined {
  const files = new Map<string, { readonly file: StoredFile; readonly content: Buffer }>();

  /** Written by hand: a mock answers at once, a form is read asynchronously. */
  const upload = (request: MockRequest): MockReply => {
    const text = request.body.toString('latin1');
    const [, filename = ''] = /filename="([^"]*)"/.exec(text) ?? [];
    const [, purpose = ''] = /name="purpose"\r\n\r\n([^\r]*)/.exec(text) ?? [];
    const start = text.indexOf('\r\n\r\n', text.indexOf('filename="')) + 4;
    const content = request.body.subarray(start, text.indexOf('\r\n--', start));
    const id = `file-${files.size + 1}`;
    const file = { id, object: 'file', bytes: content.length, created_at: 1_700_000_000, filename, purpose } as const;
    files.set(id, { file: { ...file, status: 'processed' }, content });
    return json(files.get(id)?.file);
  };

  const serveFile = (method: string, id: string, wantsContent: boolean): MockReply => {
    const stored = files.get(id);
    if (stored === undefined) return notFound('file');
    if (method === 'DELETE') {
      files.delete(id);
      return json({ id, object: 'file', deleted: true });
    }
    if (!wantsContent) return json(stored.file);
    const headers = {
      'content-type': 'application/octet-stream',
      'content-disposition': `attachment; filename="${stored.file.filename}"`,
      'openai-organization': 'org-not-for-clients',
    };
    return { status: 200, headers, body: stored.content };
  };

  return (request) => {
    const path = new URL(request.path, 'http://mock').pathname.replace(/^(\/openai)?\/v1\//, '');
    const body = (request.json ?? {}) as { [member: string]: unknown };
    const [first, id, last] = path.split('/');
    if (first === 'files') {
      if (id !== undefined) return serveFile(request.method, id, last === 'content');
      if (request.method === 'POST') return upload(request);
      return json({ object: 'list', data: [...files.values()].map(({ file }) => file), has_more: false });
    }
    switch (path) {
      case 'embeddings':
        return embed(body);
      case 'audio/speech':
        return { status: 200, headers: { 'content-type': 'audio/mpeg' }, body: [SPEECH, SPEECH] };
      case 'audio/transcriptions':
      case 'audio/translations':
        return json({ text: `heard ${request.body.length} bytes`, usage: { type: 'duration', seconds: 3 } });
      case 'images/generations':
      case 'images/edits':
      case 'images/variations':
        return json({ created: 1_700_000_000, data: [{ b64_json: SPEECH.toString('base64') }] });
      case 'moderations':
        return json({ id: 'modr-1', model: body.model ?? 'omni-moderation', results: [{ flagged: false }] });
      case 'rerank':
        return json({ results: [{ index: 0, relevance_score: 0.9 }] });
      case 'completions':
        return json({ id: 'cmpl-1', object: 'text_completion', choices: [{ index: 0, text: 'done' }] });
      case 'models':
        return json({
          object: 'list',
          data: ['gpt-5', 'gpt-5-mini'].map((name) => ({
            id: name,
            object: 'model',
            created: 1_750_000_000,
            owned_by: 'x',
          })),
        });
      default:
        return undefined;
    }
  };
}
