/** What a client takes as an answer, from its Accept header. */

export interface Accepted {
  readonly json: boolean;
  readonly sse: boolean;
}

/** What nearly every client sends, word by word. */
const USUAL = 'application/json, text/event-stream';
const BOTH: Accepted = { json: true, sse: true };

/**
 * JSON also by wildcard or silence; event streams only by name: hand-written clients send `*` + `/*` and cannot read them.
 */
export function readAccept(header: string | undefined): Accepted {
  if (header === USUAL) return BOTH;
  if (header === undefined || header === '') return { json: true, sse: false };
  const types = header
    .split(',')
    .filter((entry) => !/;\s*q\s*=\s*0(\.0*)?\s*(;|$)/i.test(entry))
    .map((entry) => (entry.split(';')[0] ?? '').trim().toLowerCase());
  return {
    json: types.some((type) => type === 'application/json' || type === 'application/*' || type === '*/*'),
    sse: types.some((type) => type === 'text/event-stream' || type === 'text/*'),
  };
}
