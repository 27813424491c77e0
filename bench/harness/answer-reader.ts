/** Finds where one HTTP/1.1 answer ends and whether it is what was asked for, looking at no more bytes than it must. */

export interface Answer {
  /** 200, the mark of a result, no error. */
  readonly ok: boolean;
  readonly serverTiming: string | undefined;
  hasId(id: string): boolean;
  /** For a person to read. */
  excerpt(): string;
}

/** What is looked at of a long body: its beginning and its end, where results, errors and ids stand. */
const KEPT_CHARS = 1_024;

/** The member of an error, in JSON-RPC and in each dialect of models; some vendors indent. `"error":null` is none. */
const ERROR = /"error":\s*[{"]/;

function judge(head: string, start: string, end: string, mark: string): Answer {
  const seen = start + end;
  return {
    ok: head.startsWith('HTTP/1.1 200') && seen.includes(mark) && !ERROR.test(seen) && !seen.includes('"isError":true'),
    serverTiming: /\r\nserver-timing: *([^\r]+)/i.exec(head)?.[1],
    hasId: (id) => seen.includes(`"id":${id},`) || seen.includes(`"id":${id}}`),
    excerpt: () => `${head.split('\r\n')[0]} ${seen}`,
  };
}

/** What a JSON-RPC answer has that is no error. */
const RESULT_MARK = '"result":';

/** Takes the chunks of one connection; answers come one at a time, since nobody pipelines. `mark`: what a right one contains. */
export function createAnswerReader(onAnswer: (answer: Answer) => void, mark = RESULT_MARK): (chunk: Buffer) => void {
  let head = '';
  let start = '';
  let end = '';
  /** Bytes of the body still to come; undefined while the head is not complete. */
  let left: number | undefined;
  let isChunked = false;

  const finish = (): void => {
    const answer = judge(head, start, end, mark);
    head = start = end = '';
    left = undefined;
    isChunked = false;
    onAnswer(answer);
  };
  const takeBody = (body: string): void => {
    if (start.length < KEPT_CHARS) start += body.slice(0, KEPT_CHARS);
    end = body.length >= KEPT_CHARS ? body.slice(-KEPT_CHARS) : (end + body).slice(-KEPT_CHARS);
    if (isChunked) {
      if (end.endsWith('\r\n0\r\n\r\n')) finish();
      return;
    }
    left = (left ?? 0) - body.length;
    if (left <= 0) finish();
  };

  return (chunk) => {
    const text = chunk.toString('latin1');
    if (left !== undefined) return takeBody(text);
    head += text;
    const headEnd = head.indexOf('\r\n\r\n');
    if (headEnd === -1) return;
    const body = head.slice(headEnd + 4);
    head = head.slice(0, headEnd + 2);
    left = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
    isChunked = /\r\ntransfer-encoding: *chunked/i.test(head);
    takeBody(body);
  };
}
